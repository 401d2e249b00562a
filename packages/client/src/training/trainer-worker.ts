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

  async export(options: ExportOptions): Promise<Outcome<Uint8Array>> {
    const outcome = await outcomeOf(() => this.#begun.export(options));
    return 'value' in outcome ? transfer(outcome, [outcome.value.buffer as ArrayBuffer]) : outcome;
  }

  get #begun(): TrainingSession {
    if (this.#session) return this.#session;
    throw new LacunaError('internal', 'trainer: expected a run that was begun, got none.');
  }
}

expose(new TrainerService());
