/** The folder of a training run: its checkpoint, tokenizer, config and log, each readable on its own. */
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LacunaError } from '@lacuna/core/errors';

export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get checkpoint(): string {
    return join(this.path, 'checkpoint.safetensors');
  }

  get hasCheckpoint(): boolean {
    return existsSync(this.checkpoint);
  }

  /** Makes the folder. Throws `write_failed`. */
  create(): void {
    this.#writing(() => mkdirSync(this.path, { recursive: true }));
  }

  writeJson(name: 'tokenizer.json' | 'config.json', value: unknown): void {
    this.#writing(() => writeFileSync(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`));
  }

  /** Adds one line to `log.jsonl`. */
  log(entry: Readonly<Record<string, unknown>>): void {
    this.#writing(() => appendFileSync(join(this.path, 'log.jsonl'), `${JSON.stringify(entry)}\n`));
  }

  #writing(write: () => void): void {
    try {
      write();
    } catch (cause) {
      const reason = cause as NodeJS.ErrnoException;
      const code = reason.code === 'ENOSPC' || reason.code === 'EDQUOT' ? 'disk_full' : 'write_failed';
      throw new LacunaError(
        code,
        `run: cannot write to ${this.path}: ${reason.message}.`,
        { path: this.path },
        { cause },
      );
    }
  }
}
