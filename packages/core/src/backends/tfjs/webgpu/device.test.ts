import { describe, expect, it } from 'vitest';
import { requestDevice } from './device.ts';

/** An adapter that offers what every one must, but for some limits. */
function gpuWith(limits: Readonly<Record<string, number>>): GPU {
  const all = {
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupSizeX: 256,
    maxComputeWorkgroupStorageSize: 16_384,
    maxComputeWorkgroupsPerDimension: 65_535,
    maxStorageBuffersPerShaderStage: 8,
    ...limits,
  };
  return { requestAdapter: async () => ({ limits: all, features: new Set() }) } as unknown as GPU;
}

describe('a device', () => {
  it('is not to be had without WebGPU, and the error says what to do', async () => {
    await expect(requestDevice(undefined)).rejects.toMatchObject({
      code: 'backend_unavailable',
      message: expect.stringMatching(/no WebGPU here.*https.*"webgpu".*"wasm"/),
    });
  });

  it('is not to be had without an adapter', async () => {
    const gpu = { requestAdapter: async () => null } as unknown as GPU;
    await expect(requestDevice(gpu)).rejects.toMatchObject({
      code: 'backend_unavailable',
      message: expect.stringContaining('no adapter was found'),
    });
  });

  it('is not to be had of an adapter below a limit, which is named with what is needed', async () => {
    await expect(requestDevice(gpuWith({ maxComputeWorkgroupStorageSize: 8192 }))).rejects.toMatchObject({
      code: 'backend_unavailable',
      message: expect.stringContaining('maxComputeWorkgroupStorageSize must be at least 16384, got 8192'),
      facts: { limit: 'maxComputeWorkgroupStorageSize', needed: 16_384, got: 8192 },
    });
  });
});
