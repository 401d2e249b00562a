/** The data set that was read last, kept in the origin's private files: it is there again when the page is. */
import type { Project } from '../project.ts';
import type { ReadResult } from './source.ts';

const FOLDER = 'lacuna-studio-data';
/** All but what training reads. Written last, so that what is not whole is not found. */
const RESULT = 'result.json';
const TRAIN = 'train';
const LOCK = 'lacuna studio data';
/** Stands in local storage, which is written at once, from a removal until other data are kept: a page may close between. */
const REMOVED = 'lacuna-studio-data-removed';
let removals = 0;

/**
 * Keeps a result in place of the one before, unless it is removed on the way. Where there is no room, it is there until the
 * page is closed.
 */
export async function keepResult(result: ReadResult): Promise<void> {
  const before = removals;
  await navigator.locks
    .request(LOCK, async () => {
      const kept = await folder();
      await kept.removeEntry(RESULT).catch(() => {});
      const { content, ...train } = result.data.train;
      if (!(content instanceof Blob) || removals !== before) return;
      localStorage.removeItem(REMOVED);
      await write(kept, TRAIN, content);
      if (removals !== before) return;
      await write(kept, RESULT, JSON.stringify({ ...result, data: { ...result.data, train } }));
    })
    .catch(() => {});
}

/** The result that was kept, or undefined; what training reads stays on the disk until it is read. */
export async function keptResult(): Promise<ReadResult | undefined> {
  try {
    if (localStorage.getItem(REMOVED) !== null) return undefined;
    const kept = await folder();
    const file = await (await kept.getFileHandle(RESULT)).getFile();
    const result = JSON.parse(await file.text()) as ReadResult;
    const content = await (await kept.getFileHandle(TRAIN)).getFile();
    return { ...result, data: { ...result.data, train: { ...result.data.train, content } } };
  } catch {
    return undefined;
  }
}

export async function forgetResult(): Promise<void> {
  removals += 1;
  try {
    localStorage.setItem(REMOVED, 'yes');
  } catch {
    // Full or forbidden: then the removal below is all there is.
  }
  await navigator.locks
    .request(LOCK, async () => {
      const kept = await folder();
      for (const name of [RESULT, TRAIN]) await kept.removeEntry(name).catch(() => {});
    })
    .catch(() => {});
}

/** Gives the project its data back, if some were kept. */
export async function restoreData(project: Project): Promise<void> {
  const result = await keptResult();
  if (!result || project.data.value) return;
  project.data.value = result.data;
  project.reach('data');
}

async function folder(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
}

async function write(into: FileSystemDirectoryHandle, name: string, content: Blob | string): Promise<void> {
  const aside = await (await into.getFileHandle(name, { create: true })).createWritable();
  await aside.write(content);
  await aside.close();
}
