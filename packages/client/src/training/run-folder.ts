/** Where a run keeps its files: a folder of the origin's private file system, or memory for a run without a name. */
import { LacunaError } from '@lacuna/core/errors';

export interface RunFolder {
  /** Undefined for a run that lives in memory. */
  readonly name: string | undefined;
  /**
   * Writes a file aside and swaps it in when it is whole: what stood there before survives every failure. Gives its bytes.
   * Throws `disk_full`, `write_failed`.
   */
  write(file: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<number>;
  read(file: string): Promise<Blob | undefined>;
}

export const PLAN_FILE = 'run.json';
export const CHECKPOINT_FILE = 'checkpoint.safetensors';

const RUNS = 'lacuna-runs';
const NAME = /^[\w.\- ]{1,64}$/;

/** The folder of all runs. Throws `write_failed` where the browser has no such storage. */
async function runsFolder(): Promise<FileSystemDirectoryHandle> {
  try {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle(RUNS, { create: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LacunaError(
      'write_failed',
      `run: expected the browser's private file system, got "${reason}". It needs https or localhost, and no private window.`,
      { reason },
      { cause },
    );
  }
}

export function checkRunName(name: string): void {
  if (NAME.test(name) && !/^\.+$/.test(name)) return;
  throw new LacunaError(
    'invalid_argument',
    `run: expected a name of 1 to 64 letters, digits, dots, dashes, underscores and spaces, got ${JSON.stringify(name)}.`,
    { name },
  );
}

/** A new folder. Throws `run_exists`, `disk_full`, `write_failed`. */
export async function createRunFolder(name: string): Promise<RunFolder> {
  const runs = await runsFolder();
  const handle = await runs.getDirectoryHandle(name, { create: true }).catch((cause) => {
    throw storageError(cause, name, 'the folder');
  });
  const folder = new StoredFolder(name, handle);
  // A folder without a plan was left by a page that ended before the run began.
  if ((await folder.read(PLAN_FILE)) === undefined) return folder;
  throw new LacunaError(
    'run_exists',
    `run: expected a new name, got "${name}", which holds a run. Resume it, delete it, or choose another name.`,
    { run: name },
  );
}

/** A folder that is there. Throws `checkpoint_not_found`. */
export async function openRunFolder(name: string): Promise<RunFolder> {
  const runs = await runsFolder();
  const handle = await runs.getDirectoryHandle(name).catch(() => undefined);
  if (handle) return new StoredFolder(name, handle);
  throw new LacunaError('checkpoint_not_found', `run: expected a run named "${name}", got none.`, { run: name });
}

export async function removeRunFolder(name: string): Promise<void> {
  const runs = await runsFolder();
  await runs.removeEntry(name, { recursive: true }).catch((error: DOMException) => {
    if (error.name !== 'NotFoundError') throw error;
  });
}

export async function runNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const [name, handle] of (await runsFolder()).entries()) if (handle.kind === 'directory') names.push(name);
  return names.sort();
}

/** What the browser says of its storage, as one of our errors. */
function storageError(cause: unknown, run: string, file: string): LacunaError {
  const { name, message } = cause as DOMException;
  if (name === 'QuotaExceededError') {
    return new LacunaError(
      'disk_full',
      `run: no room for ${file} of "${run}" in the browser's storage. What stood there before is untouched.`,
      { run, file },
      { cause },
    );
  }
  return new LacunaError(
    'write_failed',
    `run: cannot write ${file} of "${run}": ${message}.`,
    { run, file },
    { cause },
  );
}

class StoredFolder implements RunFolder {
  readonly name: string;
  readonly #folder: FileSystemDirectoryHandle;

  constructor(name: string, folder: FileSystemDirectoryHandle) {
    this.name = name;
    this.#folder = folder;
  }

  async write(file: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<number> {
    let bytes = 0;
    let aside: FileSystemWritableFileStream | undefined;
    try {
      const handle = await this.#folder.getFileHandle(file, { create: true });
      // The browser writes such a stream to a file of its own, and swaps the two when it is closed.
      aside = await handle.createWritable();
      for await (const chunk of content instanceof Uint8Array ? [content] : content) {
        await aside.write(chunk as Uint8Array<ArrayBuffer>);
        bytes += chunk.length;
      }
      await aside.close();
      return bytes;
    } catch (cause) {
      await aside?.abort().catch(() => {});
      throw cause instanceof LacunaError ? cause : storageError(cause, this.name, file);
    }
  }

  async read(file: string): Promise<Blob | undefined> {
    const handle = await this.#folder.getFileHandle(file).catch(() => undefined);
    const found = await handle?.getFile();
    // A file is made before it is first written.
    return found && found.size > 0 ? found : undefined;
  }
}

/** Files of a run without a name. */
export class MemoryFolder implements RunFolder {
  readonly name = undefined;
  readonly #files = new Map<string, Blob>();

  async write(file: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<number> {
    const parts: BlobPart[] = [];
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      parts.push(chunk as Uint8Array<ArrayBuffer>);
    }
    const blob = new Blob(parts);
    this.#files.set(file, blob);
    return blob.size;
  }

  async read(file: string): Promise<Blob | undefined> {
    return this.#files.get(file);
  }
}
