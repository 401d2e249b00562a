/** A child in a process group of its own: stopping it reaches what it started, and it never outlives this process. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessGroup {
  /** Of the leader; undefined when it did not start. */
  readonly pid: number | undefined;
  /** Settles when the child has ended. */
  readonly ended: Promise<void>;
  /** The exit code or signal that the child ended with, or why it did not start; undefined while it runs. */
  outcome(): number | string | undefined;
  /** Asks the group to end, waits for `graceMs` at most, then ends what is left of it. */
  stop(graceMs: number): Promise<void>;
}

export function spawnGroup(command: string, line: readonly string[], options: SpawnOptions): ProcessGroup {
  const child = spawn(command, line, { ...options, detached: true });
  // A group of its own hears nothing of this process's end.
  const killNow = () => signalGroup(child, 'SIGKILL');
  process.on('exit', killNow);
  let failure: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      failure = error;
      resolve();
    });
  });
  const outcome = () => failure?.message ?? child.exitCode ?? child.signalCode ?? undefined;
  return {
    pid: child.pid,
    ended,
    outcome,
    stop: async (graceMs) => {
      if (outcome() === undefined && graceMs > 0) {
        signalGroup(child, 'SIGTERM');
        await Promise.race([ended, sleep(graceMs, undefined, { ref: false })]);
      }
      // Also anything of the group that outlived its leader.
      killNow();
      await ended;
      process.off('exit', killNow);
    },
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}
