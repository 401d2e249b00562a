/** Checkpoints on disk in Node: written aside, flushed, then renamed, so that a whole one is there at every moment. */
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { LacunaError } from '../errors.ts';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts';

/** The part of `node:fs/promises` that saving needs. */
export type CheckpointFiles = Pick<typeof fs, 'open' | 'rename' | 'rm' | 'mkdir'>;

/**
 * Saves bytes at `path`. What stood there before survives every failure. Throws `disk_full`, `write_failed`.
 */
export async function saveBytes(path: string, bytes: Uint8Array, files: CheckpointFiles = fs): Promise<void> {
  const aside = `${path}.partial`;
  try {
    await files.mkdir(dirname(path), { recursive: true });
    const file = await files.open(aside, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(aside, path);
    const folder = await files.open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (cause) {
    await files.rm(aside, { force: true }).catch(() => {});
    const reason = cause as NodeJS.ErrnoException;
    if (reason.code === 'ENOSPC' || reason.code === 'EDQUOT') {
      throw new LacunaError(
        'disk_full',
        `save: ${path} needs ${bytes.length} bytes, and the disk is full. What stood there before is untouched.`,
        { path, sizeBytes: bytes.length },
        { cause },
      );
    }
    throw new LacunaError('write_failed', `save: cannot write ${path}: ${reason.message}.`, { path }, { cause });
  }
}

export async function saveCheckpoint(path: string, checkpoint: Checkpoint, files?: CheckpointFiles): Promise<void> {
  await saveBytes(path, writeCheckpoint(checkpoint), files);
}

/** Throws `checkpoint_not_found`, `read_failed`, and what `readCheckpoint` throws. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  let bytes: Uint8Array;
  try {
    bytes = await fs.readFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new LacunaError('checkpoint_not_found', `checkpoint: no file at ${path}.`, { path }, { cause });
    }
    throw new LacunaError('read_failed', `checkpoint: cannot read ${path}: ${message}.`, { path }, { cause });
  }
  return readCheckpoint(bytes);
}
