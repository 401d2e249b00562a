import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { spawnGroup } from './process-group.ts';

const MODULE = new URL('./process-group.ts', import.meta.url).href;
/** A leader that waits for a child of its own. */
const FAMILY = ['sh', ['-c', 'sleep 30 & wait']] as const;

it.each(['process.exit(3)', 'throw new Error("lost")', 'process.kill(process.pid, "SIGTERM")'])(
  'ends, whole, with the process that started it: %s',
  (end) => {
    // As the command line does with its second signal.
    const onSignal = 'process.on("SIGTERM", () => process.exit(130));';
    const script = `import { spawnGroup } from ${JSON.stringify(MODULE)}; ${onSignal}
      spawnGroup(${FAMILY.map((part) => JSON.stringify(part)).join(', ')}, { stdio: 'inherit' });
      setTimeout(() => { ${end} }, 100);`;
    const line = ['--no-warnings', '--input-type=module', '-e', script];
    // The pipes stay open for as long as anyone of the group lives.
    const { error, status } = spawnSync(process.execPath, line, { timeout: 20_000 });
    expect(error).toBeUndefined();
    expect(status).toBeGreaterThan(0);
  },
);

it('leaves nothing behind in this process once it is stopped', async () => {
  const before = process.listeners('exit');
  const group = spawnGroup(...FAMILY, { stdio: 'ignore' });
  expect(group.outcome()).toBeUndefined();
  await group.stop(5_000);
  expect(group.outcome()).toBe('SIGTERM');
  expect(process.listeners('exit')).toEqual(before);
  await group.stop(5_000);
});

it('is ended by force when it does not end in time', async () => {
  const group = spawnGroup('sh', ['-c', 'trap "" TERM; while :; do sleep 0.1; done'], { stdio: 'ignore' });
  await sleep(200);
  await group.stop(100);
  expect(group.outcome()).toBe('SIGKILL');
});

it('says why it did not start', async () => {
  const group = spawnGroup('/no/such/program', [], { stdio: 'ignore' });
  await group.ended;
  expect(group.outcome()).toMatch(/ENOENT/);
  await group.stop(5_000);
});
