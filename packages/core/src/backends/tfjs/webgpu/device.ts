/** A GPU device that is fit for the programs of this backend, or the reason why there is none. */
import { LacunaError } from '../../../errors.ts';

/** What the programs need; every adapter that conforms to WebGPU offers this much. */
const NEEDED = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxStorageBuffersPerShaderStage: 8,
} as const;

/** Asked for as large as the adapter has them. */
const RAISED = [...Object.keys(NEEDED), 'maxStorageBufferBindingSize', 'maxBufferSize'] as (keyof GPUSupportedLimits)[];

/** `timestamp-query` lets TensorFlow.js profile; the others are this backend's own. */
const FEATURES = ['subgroups', 'shader-f16', 'timestamp-query'] as GPUFeatureName[];

export interface Device {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** Subgroup operations in WGSL. */
  readonly subgroups: boolean;
  /** The adapter computes with 16-bit floats, so that storing them costs it nothing. */
  readonly halves: boolean;
}

/** Throws `backend_unavailable`: no WebGPU, no adapter, or an adapter below a limit, which the message names. */
export async function requestDevice(gpu: GPU | undefined): Promise<Device> {
  if (!gpu) {
    throw unavailable(
      'there is no WebGPU here. In a browser the page must come from https or localhost; in Node install the package "webgpu"',
      {},
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter)
    throw unavailable('no adapter was found. Is a GPU driver (Vulkan, Metal or Direct3D 12) installed?', {});
  for (const [limit, needed] of Object.entries(NEEDED)) {
    const got = adapter.limits[limit as keyof typeof NEEDED];
    if (got < needed) {
      throw unavailable(`the adapter's ${limit} must be at least ${needed}, got ${got}`, { limit, needed, got });
    }
  }
  const device = await adapter.requestDevice({
    requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(RAISED.map((limit) => [limit, adapter.limits[limit] as number])),
  });
  return {
    device,
    info: adapter.info,
    subgroups: device.features.has('subgroups' as GPUFeatureName),
    halves: device.features.has('shader-f16'),
  };
}

function unavailable(message: string, facts: Readonly<Record<string, unknown>>): LacunaError {
  const hint = message.endsWith('?') ? '' : '.';
  return new LacunaError('backend_unavailable', `webgpu: ${message}${hint} The backend "wasm" runs everywhere.`, {
    backend: 'webgpu',
    ...facts,
  });
}
