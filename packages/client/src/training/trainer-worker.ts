/** The program of a trainer's Web Worker: one run, asked over Comlink. */
import { LacunaError } from '@lacuna/core/errors';
import { expose, transfer } from 'comlink';
import { type Outcome, outcomeOf } from '../workers/outcome.ts';
import type { TrainerEvent } from './events.ts';
import type { Pull } from './inputs.ts';
import type { ExportOptions } from './options.ts';
import type { TrainingOrder } from './order.ts';
import { TrainingSession } from './session.ts';

export class TrainerService {
  #session: TrainingSession | undefined;

  begin(order: TrainingOrder, ...pulls: Pull[]): void {
    const session = new TrainingSession(order, pulls);
    this.#session = session;
    void session.run();
  }

  /** Events since the last call; undefined at the end. */
  next(): Promise<Outcome<TrainerEvent[] | undefined>> {
    return outcomeOf(() => this.#begun.events.take());
  }

  pause(): Promise<Outcome<void>> {
    return outcomeOf(() => this.#begun.pause());
  }

  resume(): Promise<Outcome<void>> {
    return outcomeOf(() => this.#begun.resume());
  }

  stop(): Promise<Outcome<void>> {
    return outcomeOf(() => this.#begun.stop());
  }

  save(): Promise<Outcome<void>> {
    return outcomeOf(() => this.#begun.save());
  }

  export(options: ExportOptions): Promise<Outcome<Uint8Array>> {
    return transferred(() => this.#begun.export(options));
  }

  /** Of a run that is kept and need not have been begun here. */
  exportKept(run: string, options: ExportOptions): Promise<Outcome<Uint8Array>> {
    return transferred(async () => (await import('./kept-export.ts')).exportKept(run, options));
  }

  get #begun(): TrainingSession {
    if (this.#session) return this.#session;
    throw new LacunaError('internal', 'trainer: expected a run that was begun, got none.');
  }
}

async function transferred(work: () => Promise<Uint8Array>): Promise<Outcome<Uint8Array>> {
  const outcome = await outcomeOf(work);
  return 'value' in outcome ? transfer(outcome, [outcome.value.buffer as ArrayBuffer]) : outcome;
}

expose(new TrainerService());
