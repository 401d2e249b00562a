/** What Linux says of a running process; undefined elsewhere, and for one that has ended. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Of a clock tick, on every Linux that Node runs on. */
const TICK_MS = 10;

/** Bytes of memory that it holds. */
export function residentBytes(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Milliseconds that its threads have computed, in ticks of 10. */
export function cpuMs(pid: number): number | undefined {
  // The name, in brackets, may hold spaces.
  const fields = read(`/proc/${pid}/stat`)?.split(') ').pop()?.split(' ');
  return fields && (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Keeps this process to one core. Whether that could be done: there must be two, and `taskset`. */
export function pinTo(core: number): boolean {
  if (availableParallelism() < 2) return false;
  return spawnSync('taskset', ['-a', '-p', '-c', String(core), String(process.pid)]).status === 0;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
