/**
 * `lacuna bench onnx`: one text from its tokens to its logits, on the kernels that the edge runs and, as `lacuna export
 * --format onnx` writes the same weights, in onnxruntime-web and onnxruntime-node. One thread each. All logits are compared
 * before anything is timed.
 */
import { join } from 'node:path';
import {
  type Artifact,
  artifactParams,
  floatValues,
  LacunaError,
  type Ops,
  type Params,
  Pauses,
  writeOnnx,
} from '@lacuna/core';
import { createWasmInference } from '@lacuna/core/inference';
import { loadKernels } from '@lacuna/core/node';
import { readListing } from '../model-listing.ts';
import { readTrainedModel } from '../trained-model.ts';
import { MODELS } from './edge.ts';
import { gapIn, type Question, textOf } from './onnx-questions.ts';
import { loadOnnxRuntimes, type OnnxRuntime } from './onnx-runtimes.ts';
import { type Contestant, interleave, median } from './timing.ts';

const TASKS = ['fill-mask', 'text-classification'] as const;
const LENGTHS = [32, 128] as const;
/** Of logits up to 10; larger ones may be off by as much more, since activations are rounded relative to a row's largest. */
const LOGIT_LIMIT = 1e-3;

export interface OnnxRow {
  readonly task: Artifact['task'];
  readonly model: string;
  /** Of the text, separators and gap included. */
  readonly tokens: number;
  /** With the weights as they are stored, `quantization`. */
  readonly lacunaMs: number;
  readonly quantization: Artifact['quantization'];
  /** With the same weights in float32. */
  readonly lacunaFloatMs: number;
  readonly onnxruntimeWebMs?: number;
  readonly onnxruntimeNodeMs?: number;
  /** Their time over `lacunaMs`, median over the rounds: above 1, ours is the faster. */
  readonly onnxruntimeWebRatio?: number;
  readonly onnxruntimeNodeRatio?: number;
  /** Their time over `lacunaFloatMs`. */
  readonly onnxruntimeWebFloatRatio?: number;
  readonly onnxruntimeNodeFloatRatio?: number;
  /** The largest distance of a logit from ours in float32. */
  readonly logitErrors: Readonly<Record<string, number>>;
}

export interface OnnxReport {
  readonly kernels: 'inference-relaxed';
  readonly threads: 1;
  /** By runtime. */
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly OnnxRow[];
  readonly missingPeers: readonly { readonly name: string; readonly reason: string }[];
}

export interface OnnxBenchOptions {
  /** A folder of artifacts; the default models when left out. */
  readonly models?: string;
  /** In tokens; one that is too long for a model gives way to its longest. */
  readonly lengths?: readonly number[];
  readonly rounds?: number;
  readonly onRow?: (row: OnnxRow, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Throws `file_not_found` for a folder without models, `malformed_data` for a list that is none, what reading an artifact
 * throws, `aborted`.
 */
export async function benchOnnx(options: OnnxBenchOptions = {}): Promise<OnnxReport> {
  const { models = MODELS, lengths = LENGTHS, rounds = 15, onRow, signal } = options;
  const artifacts = await firstOfEachTask(models);
  const { runtimes, missing } = await loadOnnxRuntimes();
  const kernels = await loadKernels('inference-relaxed');
  const pauses = new Pauses();
  const rows: OnnxRow[] = [];
  const runs = artifacts.flatMap((artifact) => {
    const longest = artifact.config.maxPositionEmbeddings;
    return [...new Set(lengths.map((length) => Math.min(length, longest)))].map((length) => ({ artifact, length }));
  });
  for (const { artifact, length } of runs) {
    await pauses.take(signal);
    const row = await measured(artifact, length, runtimes, kernels, rounds);
    rows.push(row);
    onRow?.(row, rows.length, runs.length);
  }
  const versions = Object.fromEntries(runtimes.map(({ name, version }) => [name, version]));
  return { kernels: 'inference-relaxed', threads: 1, versions, rows, missingPeers: missing };
}

async function measured(
  artifact: Artifact,
  length: number,
  runtimes: readonly OnnxRuntime[],
  kernels: WebAssembly.Module,
  rounds: number,
): Promise<OnnxRow> {
  const question = artifact.task === 'fill-mask' ? gapIn(artifact, length) : textOf(artifact, length);
  const solvers: [Solver, ...Solver[]] = [
    ['lacunaFloat', ours(kernels, question, (ops) => floatParams(ops, artifact))],
    ['lacuna', ours(kernels, question, (ops) => artifactParams(ops, artifact))],
  ];
  const onnx = writeOnnx(artifact);
  for (const runtime of runtimes) solvers.push([runtime.name, (await runtime.open(onnx))(question.inputs)]);
  const logitErrors = await logitErrorsOf(solvers);
  const contestants = solvers.map(([name, logits]): Contestant => ({ name, run: async () => void (await logits()) }));
  const [float = [], stored = [], ...theirs] = await interleave(contestants, { rounds });
  const over = (own: readonly number[], peer: number) =>
    median((theirs[peer] ?? []).map((ms, round) => ms / (own[round] as number)));
  const peers = runtimes.flatMap(({ name }, peer) => [
    [`${name}Ms`, median(theirs[peer] ?? [])],
    [`${name}Ratio`, over(stored, peer)],
    [`${name}FloatRatio`, over(float, peer)],
  ]);
  return {
    task: artifact.task,
    model: artifact.name,
    tokens: length,
    lacunaMs: median(stored),
    quantization: artifact.quantization,
    lacunaFloatMs: median(float),
    ...Object.fromEntries(peers),
    logitErrors,
  };
}

async function firstOfEachTask(folder: string): Promise<Artifact[]> {
  const listed = await readListing(join(folder, 'models.json'));
  const files = TASKS.flatMap((task) => listed.find((model) => model.task === task)?.file ?? []);
  if (files.length > 0) return Promise.all(files.map((file) => readTrainedModel(join(folder, file))));
  throw new LacunaError('file_not_found', `bench onnx: expected models in ${folder}, found none.`, { folder });
}

function ours(kernels: WebAssembly.Module, question: Question, load: (ops: Ops) => Params): Solver[1] {
  const ops = createWasmInference(kernels);
  const params = load(ops);
  return () => ops.scope(() => ops.read(question.logits(ops, params)));
}

function floatParams(ops: Ops, { weights }: Artifact): Params {
  return Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => [name, ops.persistent(weight.shape, floatValues(weight))]),
  );
}

type Solver = readonly [name: string, logits: () => Promise<Float32Array>];

/** Everyone's largest distance from the first one's logits. Throws when it is over the limit or the five best are others. */
export async function logitErrorsOf([first, ...others]: readonly [Solver, ...Solver[]]): Promise<
  Record<string, number>
> {
  const expected = await first[1]();
  const limit = LOGIT_LIMIT * Math.max(1, expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / 10);
  const errors: Record<string, number> = {};
  for (const [name, logits] of others) {
    const got = await logits();
    const error = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - (got[i] as number))), 0);
    const [theirs, own] = [bestOf(got), bestOf(expected)];
    if (got.length !== expected.length || !(error <= limit) || `${theirs}` !== `${own}`) {
      throw new Error(`bench onnx: ${name} is ${error} from ours; its best are ${theirs}, ours ${own}.`);
    }
    errors[name] = error;
  }
  return errors;
}

/** The five largest logits' places, largest first. */
function bestOf(logits: Float32Array): number[] {
  const order = Array.from(logits.keys()).sort((a, b) => (logits[b] as number) - (logits[a] as number));
  return order.slice(0, 5);
}
