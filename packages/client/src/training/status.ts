/** How far a kept run has come: a small file beside its checkpoint, so that runs can be listed without reading them. */
import type { Metrics, Progress } from '@lacuna/core';
import { LacunaError } from '@lacuna/core/errors';
import {
  CHECKPOINT_FILE,
  checkRunName,
  openRunFolder,
  type RunFolder,
  removeRunFolder,
  runNames,
} from './run-folder.ts';
import { lockedRuns, lockRun } from './run-lock.ts';

interface Status extends Progress {
  readonly task: 'pretrain' | 'finetune' | 'distill';
  /** Of the model. */
  readonly parameters: number;
  readonly complete: boolean;
  readonly metrics?: Metrics | undefined;
}

export interface KeptRun extends Status {
  readonly run: string;
  /** When it was last saved, in milliseconds since 1970; 0 where it never was. */
  readonly savedAt: number;
  /** Of the checkpoint. */
  readonly sizeBytes: number;
  /** Whether it trains right now, in this tab or in another. */
  readonly inUse: boolean;
}

const STATUS_FILE = 'status.json';

export async function writeStatus(folder: RunFolder, status: Status): Promise<void> {
  await folder.write(STATUS_FILE, new TextEncoder().encode(JSON.stringify(status)));
}

/** The runs that this origin keeps, by name. What is no whole run is left out. */
export async function listRuns(): Promise<KeptRun[]> {
  const runs: KeptRun[] = [];
  const locked = await lockedRuns();
  for (const run of await runNames()) {
    const folder = await openRunFolder(run);
    const stored = await folder.read(STATUS_FILE);
    if (!stored) continue;
    const status = JSON.parse(await stored.text()) as Status;
    const checkpoint = (await folder.read(CHECKPOINT_FILE)) as File | undefined;
    const { lastModified: savedAt = 0, size: sizeBytes = 0 } = checkpoint ?? {};
    runs.push({ run, ...status, savedAt, sizeBytes, inUse: locked.has(run) });
  }
  return runs;
}

/** Removes a run and all its files; one that is not there is removed already. Throws `run_in_use`. */
export async function deleteRun(run: string): Promise<void> {
  checkRunName(run);
  const unlock = await lockRun(run);
  try {
    await removeRunFolder(run);
  } finally {
    unlock();
  }
}

/** The last checkpoint of a kept run, as bytes that `readCheckpoint` of `@lacuna/core` reads. Throws `checkpoint_not_found`. */
export async function readRun(run: string): Promise<Uint8Array> {
  checkRunName(run);
  const stored = await (await openRunFolder(run)).read(CHECKPOINT_FILE);
  if (stored) return new Uint8Array(await stored.arrayBuffer());
  throw new LacunaError('checkpoint_not_found', `run: expected a checkpoint of "${run}", got none.`, { run });
}
