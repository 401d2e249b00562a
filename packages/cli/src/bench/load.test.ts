import { expect, it } from 'vitest';
import { benchLoad } from './load.ts';

it('many clients at once get the answer that one gets, and the report says how fast', async () => {
  const report = await benchLoad({ connections: 4, seconds: 1, firstRequests: 20, memoryRequests: 60 });
  const positive = expect.toSatisfy((value: unknown) => typeof value === 'number' && value > 0);
  expect(report).toMatchObject({
    connections: 4,
    seconds: 1,
    errors: 0,
    requests: positive,
    requestsPerSecond: positive,
    p50Ms: positive,
    p99Ms: positive,
  });
  expect(report.p99Ms).toBeGreaterThanOrEqual(report.p50Ms);
  if (process.platform === 'linux') {
    expect(report.cpuMsPerRequest).toSatisfy((value: number) => value > 0);
    expect(report.memory).toMatchObject({ firstMb: positive, lastMb: positive });
    expect(report.memory?.requests).toBeGreaterThanOrEqual(60);
  }
});

it('a signal ends it', async () => {
  await expect(benchLoad({ seconds: 30, firstRequests: 10, signal: AbortSignal.timeout(3_000) })).rejects.toMatchObject(
    {
      name: 'LacunaError',
      code: 'aborted',
    },
  );
});
