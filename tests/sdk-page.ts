/** What the SDK's tests find in their page: the SDK as a bundle made by esbuild, and what they ask it for often. */
import { createClient } from '@lacuna/client';
import { compareModels, int8Report, timeShape } from '@lacuna/client/compare';
import { type LocalModel, loadModel } from '@lacuna/client/local';
import {
  createTrainer,
  deleteRun,
  describeRun,
  exportRun,
  LacunaError,
  listRuns,
  readRun,
  type Trainer,
  type TrainerEvent,
  type TrainerOptions,
} from '@lacuna/client/training';

export interface Told {
  readonly events: TrainerEvent[];
  readonly failed?: { readonly code: string; readonly message: string; readonly facts: object };
}

/** All events, and what ended them if anything did. */
async function told(trainer: Trainer, heard: (event: TrainerEvent) => unknown = () => {}): Promise<Told> {
  const events: TrainerEvent[] = [];
  try {
    for await (const event of trainer.events) {
      events.push(event);
      await heard(event);
    }
    return { events };
  } catch (error) {
    return { events, failed: failureOf(error) };
  }
}

/** A run from beginning to end, and its model. */
async function trained(
  options: TrainerOptions,
): Promise<{ readonly events: TrainerEvent[]; readonly bytes: Uint8Array }> {
  const trainer = createTrainer(options);
  const { events, failed } = await told(trainer);
  if (failed) throw new Error(`${failed.code}: ${failed.message}`);
  const bytes = await trainer.export({ name: 'trained' });
  trainer.close();
  return { events, bytes };
}

function failureOf(error: unknown): NonNullable<Told['failed']> {
  if (!(error instanceof LacunaError)) return { code: 'not a LacunaError', message: String(error), facts: {} };
  const { code, message, facts } = error;
  return { code, message, facts };
}

/** The failure of something that should fail; its value otherwise. */
function failing(work: Promise<unknown>): Promise<unknown> {
  return work.then((value) => ({ value }), failureOf);
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Bytes as text: a list of millions of numbers would take minutes to pass on. */
async function base64(bytes: Uint8Array): Promise<string> {
  const reader = new FileReader();
  reader.readAsDataURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  await new Promise((loaded) => reader.addEventListener('load', loaded));
  return (reader.result as string).split(',')[1] ?? '';
}

const compare = { compareModels, int8Report, timeShape };
const tools = {
  createClient,
  ...compare,
  createTrainer,
  deleteRun,
  describeRun,
  exportRun,
  listRuns,
  readRun,
  loadModel,
  told,
  trained,
  failing,
  sha256,
  base64,
};

declare global {
  var sdk: typeof tools;
  /** What a test passes from one evaluation to the next. */
  var kept: { trainer?: Trainer; model?: LocalModel };
}

globalThis.sdk = tools;
globalThis.kept = {};
