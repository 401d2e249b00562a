import { describe, expect, it } from 'vitest';
import { BufferPool, sizeClass } from './buffer-pool.ts';

/** Counts the buffers of a device. */
function countingDevice() {
  const alive = new Set<object>();
  const device = {
    createBuffer: ({ size, usage }: { size: number; usage: number }) => {
      const buffer = { size, usage, destroy: () => alive.delete(buffer) };
      alive.add(buffer);
      return buffer;
    },
  };
  return { alive, device: device as unknown as GPUDevice };
}

describe('a pool of buffers', () => {
  it('wastes at most a quarter, and never gives less than was asked for', () => {
    for (let size = 1; size < 100_000; size += 37) {
      const bytes = sizeClass(size);
      expect(bytes).toBeGreaterThanOrEqual(size);
      expect(bytes % 4).toBe(0);
      if (size >= 256) expect(bytes).toBeLessThanOrEqual(1.25 * size);
    }
  });

  it('gives a freed buffer to whoever asks for nearly its size next', () => {
    const { alive, device } = countingDevice();
    const pool = new BufferPool(device);
    const first = pool.acquireBuffer(1000, 1);
    pool.releaseBuffer(first);
    expect(pool.acquireBuffer(990, 1)).toBe(first);
    expect(pool.acquireBuffer(990, 2)).not.toBe(first);
    expect(alive.size).toBe(2);
  });

  it('destroys what no one wanted for a while, and counts bytes on the way', () => {
    const { alive, device } = countingDevice();
    const pool = new BufferPool(device);
    pool.releaseBuffer(pool.acquireBuffer(1000, 1));
    const kept = pool.acquireBuffer(5000, 1);
    for (let i = 0; i < 100; i++) pool.grow();
    expect(alive).toEqual(new Set([kept]));
    expect([pool.numBytesAllocated, pool.numBytesUsed]).toEqual([kept.size, kept.size]);
  });

  it('does not grow while sizes change from step to step', () => {
    const { device } = countingDevice();
    const pool = new BufferPool(device);
    const after: number[] = [];
    for (let step = 0; step < 400; step++) {
      const buffers = [1, 2, 3].map((i) => pool.acquireBuffer(i * (10_000 + ((step * 37) % 1000) * 4), 1));
      for (const buffer of buffers) pool.releaseBuffer(buffer);
      pool.grow();
      after.push(pool.numBytesAllocated);
    }
    expect(Math.max(...after.slice(100))).toBeLessThanOrEqual(Math.max(...after.slice(0, 100)));
  });
});
