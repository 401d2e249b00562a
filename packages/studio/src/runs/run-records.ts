/** What Studio keeps of a run beside what training keeps: its curves and where it comes from. In the origin's private files. */
import type { RunHistory } from './run-history.ts';

export interface RunRecord {
  readonly history: RunHistory;
  /** The name of the data that it learned from. */
  readonly data?: string;
  /** The model that a student learned from, by its id. */
  readonly teacherId?: string;
}

const FOLDER = 'lacuna-studio-runs';

/** Of a run without a record, one without curves. */
export async function readRecord(run: string): Promise<RunRecord> {
  try {
    const file = await (await (await folder()).getFileHandle(`${run}.json`)).getFile();
    return JSON.parse(await file.text()) as RunRecord;
  } catch {
    return { history: { points: [], evaluations: [] } };
  }
}

/** Puts `changed` into the run's record; what cannot be kept is only curves, so a full disk is no failure. */
export async function updateRecord(run: string, changed: Partial<RunRecord>): Promise<void> {
  await navigator.locks.request(`lacuna studio record ${run}`, async () => {
    const record = { ...(await readRecord(run)), ...changed };
    try {
      const handle = await (await folder()).getFileHandle(`${run}.json`, { create: true });
      const aside = await handle.createWritable();
      await aside.write(JSON.stringify(record));
      await aside.close();
    } catch {}
  });
}

export async function deleteRecord(run: string): Promise<void> {
  await (await folder()).removeEntry(`${run}.json`).catch(() => {});
}

async function folder(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
}
