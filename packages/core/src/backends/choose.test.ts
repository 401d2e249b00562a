import { describe, expect, it } from 'vitest';
import { LacunaError } from '../errors.ts';
import { CONFIGS } from '../model/config.ts';
import { makeBackend } from '../training/lane-backend-node.ts';
import { inlineLanes } from '../training/lanes.ts';
import { createLanes } from '../training/lanes-node.ts';
import { type BackendCandidate, chooseBackend } from './choose.ts';
import { loadKernels } from './wasm/load-node.ts';

const wasm = async (lanes: number): Promise<BackendCandidate> => {
  const backend = { name: 'wasm', module: await loadKernels() } as const;
  return { name: 'wasm', makeLanes: (task) => createLanes(task, { lanes, backend }) };
};
const reference: BackendCandidate = {
  name: 'reference',
  makeLanes: async (task) => inlineLanes(await makeBackend({ name: 'reference' }), task),
};
const absent: BackendCandidate = {
  name: 'absent',
  makeLanes: async () => {
    throw new LacunaError('backend_unavailable', 'absent: there is none.');
  },
};
const quick = { tokens: 64, length: 32, milliseconds: 30 };

describe('the choice of a backend', () => {
  it('takes the fastest and tells every timing and every reason', async () => {
    const report = await chooseBackend(CONFIGS.tiny, { candidates: [reference, await wasm(1), absent], ...quick });
    expect(report.chosen).toBe('wasm');
    expect(report.timings.map(({ name }) => name)).toEqual(['wasm', 'reference']);
    for (const { stepMs, tokensPerSecond } of report.timings) {
      expect(tokensPerSecond).toBeCloseTo((64 / stepMs) * 1000, 3);
    }
    expect(report.unavailable).toEqual([{ name: 'absent', reason: 'absent: there is none.' }]);
  });

  it('times as many lanes as would train', async () => {
    const { timings } = await chooseBackend(CONFIGS.tiny, { candidates: [await wasm(2)], ...quick });
    expect(timings).toMatchObject([{ name: 'wasm', lanes: 2 }]);
  });

  it('says backend_unavailable and why when there is none', async () => {
    await expect(chooseBackend(CONFIGS.tiny, { candidates: [absent], ...quick })).rejects.toMatchObject({
      code: 'backend_unavailable',
      message: expect.stringContaining('absent: there is none.'),
    });
  });

  it('stops for a signal', async () => {
    const signal = AbortSignal.abort();
    await expect(chooseBackend(CONFIGS.tiny, { candidates: [reference], signal, ...quick })).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});
