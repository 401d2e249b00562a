/** Going on with a run: its options come from its checkpoint, and only those that do not change what is learned may differ. */
import { type Checkpoint, expectConfig, type Json, type ModelConfig } from '@lacuna/core';
import { LacunaError } from '@lacuna/core/errors';
import { loadCheckpoint } from '@lacuna/core/node';
import { kebab } from './arguments.ts';
import { type Session, UsageError } from './command.ts';
import type { RunFolder } from './run-folder.ts';

/** Options that a resume may set anew: how long, where the files are, and on what it runs. */
const FREE = [
  'out',
  'resume',
  'json',
  'tokens',
  'steps',
  'minutes',
  'epochs',
  'text',
  'tokenizer',
  'data',
  'valid',
  'teacher',
  'start',
  'unlabelled',
  'without',
  'model',
];
const MACHINE = ['lanes', 'backend', 'kernels', 'checkpointMinutes', 'validEvery'];
const BUDGET = ['tokens', 'steps', 'minutes'];
/** These fix the shape of the model and are compared with the checkpoint's config. */
const SHAPE = ['config', 'objective'];

/** A new run must not overwrite an old one. */
export function requireEmpty(command: string, folder: RunFolder): void {
  if (!folder.hasCheckpoint) return;
  throw new UsageError(
    `${command}: ${folder.path} holds a run already. Add --resume to go on with it, or choose another --out.`,
  );
}

export interface Resumed<V> {
  readonly checkpoint: Checkpoint;
  readonly options: V;
}

/**
 * The run's own options with the free ones of this line. `configOf` tells which config the line asks for, when it
 * says; sizes that data decide are the run's own.
 * Throws `checkpoint_not_found`, `checkpoint_mismatch`.
 */
export async function resumeRun<V extends object>(
  command: string,
  folder: RunFolder,
  line: V,
  session: Session,
  configOf?: (own: ModelConfig) => ModelConfig,
): Promise<Resumed<V>> {
  const checkpoint = await loadCheckpoint(folder.checkpoint);
  const stored = storedOptions<V>(command, checkpoint, folder);
  const given = [...session.given];
  if (configOf !== undefined && given.some((name) => SHAPE.includes(name))) {
    expectConfig(checkpoint, configOf(checkpoint.config));
  }
  const fixed = given.filter((name) => ![...FREE, ...MACHINE, ...SHAPE].includes(name));
  const differing = fixed.filter((name) => !same(line[name as keyof V], stored[name as keyof V]));
  if (differing.length > 0) {
    const names = differing.map((name) => `--${kebab(name)} ${stored[name as keyof V] ?? '(not given)'}`).join(', ');
    throw new LacunaError(
      'checkpoint_mismatch',
      `${command}: a resumed run keeps its own options (${names}), got others. Leave them out, or start a new run.`,
      { options: differing },
    );
  }
  const free = given.filter((name) => [...FREE, ...MACHINE].includes(name));
  // A new budget replaces the old one whatever its unit.
  const cleared = free.some((name) => BUDGET.includes(name)) ? BUDGET.map((name) => [name, undefined]) : [];
  const options = {
    ...stored,
    ...Object.fromEntries(cleared),
    ...Object.fromEntries(free.map((name) => [name, line[name as keyof V]])),
    out: folder.path,
  } as V & { lanes?: number; backend?: string };
  const before = (stored as { backend?: string }).backend;
  if (before !== options.backend) {
    session.progress.note(`${command}: backend ${before} before, ${options.backend} now: not the same bits.`);
  }
  if (options.lanes !== undefined && options.lanes !== checkpoint.state.lanes) {
    session.progress.note(
      `${command}: ${checkpoint.state.lanes} lanes before, ${options.lanes} now: not the same bits.`,
    );
  }
  return { checkpoint, options };
}

/** What goes into a checkpoint: the command, its options, and the recipe that they made. */
export function storedRecipe(command: string, options: object, recipe: object): Json {
  return JSON.parse(JSON.stringify({ command, options, recipe })) as Json;
}

function storedOptions<V>(command: string, checkpoint: Checkpoint, folder: RunFolder): V {
  const stored = checkpoint.recipe as { readonly command?: string; readonly options?: V } | null;
  if (stored?.command === command && stored.options !== undefined) return stored.options;
  throw new LacunaError(
    'checkpoint_mismatch',
    `${command}: expected a run of lacuna ${command} in ${folder.path}, got one of ${stored?.command ?? 'something else'}.`,
    { expected: command, got: stored?.command },
  );
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
