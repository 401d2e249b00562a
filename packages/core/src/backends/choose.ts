/**
 * Which backend a model trains fastest on here: every one that there is takes some real steps of the model, and what
 * could not is said with its reason.
 */
import { LacunaError } from '../errors.ts';
import type { MaskedBatch } from '../model/batch.ts';
import { type ModelConfig, validateConfig } from '../model/config.ts';
import { ADAMW } from '../optim/adamw.ts';
import { hasSharedMemory } from '../training/all-reduce.ts';
import type { LaneFactory } from '../training/lanes.ts';
import { sampleBatch } from '../training/sample-batch.ts';
import { freshReplica } from '../training/state.ts';
import { tokensOf } from '../training/task.ts';
import { RELAXED_PROBE } from './wasm/relaxed.ts';

/** A backend that may be here, with as many lanes as it would train on. */
export interface BackendCandidate {
  readonly name: string;
  /** Throws `backend_unavailable` where it is not. */
  readonly makeLanes: LaneFactory;
}

export interface BackendTiming {
  readonly name: string;
  readonly lanes: number;
  readonly stepMs: number;
  readonly tokensPerSecond: number;
}

/** Why something faster is not used: a backend, or a faculty of the engine. */
export interface Unavailable {
  readonly name: string;
  readonly reason: string;
}

export interface BackendReport {
  readonly chosen: string;
  /** Fastest first. */
  readonly timings: readonly BackendTiming[];
  readonly unavailable: readonly Unavailable[];
}

export interface ChooseOptions {
  readonly candidates: readonly BackendCandidate[];
  /** Tokens of the step that is timed, 2048 by default, in texts of `length`, 64. */
  readonly tokens?: number;
  readonly length?: number;
  /** Steps are taken for about this long on each, 1500 by default. */
  readonly milliseconds?: number;
  readonly signal?: AbortSignal;
}

/** Throws `backend_unavailable` when there is none at all, `aborted`. */
export async function chooseBackend(config: ModelConfig, options: ChooseOptions): Promise<BackendReport> {
  validateConfig(config);
  const { candidates, tokens = 2048, length = 64, milliseconds = 1500, signal } = options;
  const longest = Math.min(length, config.maxPositionEmbeddings);
  const batchSize = Math.max(1, Math.round(tokens / longest));
  const batch = sampleBatch({ config, batchSize, length: longest, ratio: 0.3 });
  const timings: BackendTiming[] = [];
  const unavailable: Unavailable[] = missingFaculties();
  for (const candidate of candidates) {
    if (signal?.aborted) throw new LacunaError('aborted', 'chooseBackend: the signal came.');
    try {
      timings.push(await timed(candidate, config, batch, milliseconds, timings[0]?.stepMs));
    } catch (error) {
      // Whatever fails here would have failed in training.
      unavailable.push({ name: candidate.name, reason: error instanceof Error ? error.message : String(error) });
    }
    timings.sort((a, b) => a.stepMs - b.stepMs);
  }
  const [fastest] = timings;
  if (fastest) return { chosen: fastest.name, timings, unavailable };
  throw new LacunaError(
    'backend_unavailable',
    `chooseBackend: expected a backend that can train here, got none. ${unavailable.map(({ name, reason }) => `${name}: ${reason}`).join(' ')}`,
    { unavailable },
  );
}

/** A first step this many times as long as the best one so far cannot come from compiling alone. */
const HOPELESS = 5;

async function timed(
  { name, makeLanes }: BackendCandidate,
  config: ModelConfig,
  batch: MaskedBatch,
  milliseconds: number,
  best = Number.POSITIVE_INFINITY,
): Promise<BackendTiming> {
  const lanes = await makeLanes({ kind: 'masked', config });
  try {
    await lanes.write(freshReplica(config, 1));
    const passTokens = tokensOf(batch);
    const times: number[] = [];
    let spent = 0;
    for (let step = 1; times.length === 0 || spent < milliseconds; step++) {
      const begun = performance.now();
      await lanes.step(batch, { step, learningRate: 1e-4, optimizer: ADAMW, seed: 1, passTokens });
      const ms = performance.now() - begun;
      // The first step compiles.
      if (step > 1 || ms > milliseconds + HOPELESS * best) times.push(ms);
      spent += ms;
    }
    const stepMs = times.sort((a, b) => a - b)[times.length >> 1] as number;
    return { name, lanes: lanes.lanes, stepMs, tokensPerSecond: (1000 * passTokens) / stepMs };
  } finally {
    await lanes.close();
  }
}

/** What this engine lacks that would make training faster. */
export function missingFaculties(): Unavailable[] {
  const missing: Unavailable[] = [];
  if (!WebAssembly.validate(RELAXED_PROBE)) {
    missing.push({ name: 'relaxed SIMD', reason: 'this engine has none; the kernels multiply and add in two steps.' });
  }
  if (!hasSharedMemory()) {
    missing.push({
      name: 'shared memory',
      reason:
        'the page is not cross-origin isolated, so lanes pass gradients by copies. ' +
        'Serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
    });
  }
  return missing;
}
