/** `lacuna bench`: one benchmark by name. What each measures, and how it is checked first, stands in `../bench/`. */
import { checkRatio } from '@lacuna/core';
import { OTHER_BACKENDS, type OtherName } from '../bench/other-backend.ts';
import { type Answer, defineCommand, type Session, UsageError } from '../command.ts';
import { commit } from '../machine.ts';
import { configOf, plannedVocabSize } from '../pretrain-options.ts';
import { percent, table } from '../table.ts';

const BENCHMARKS: Readonly<Record<string, (options: BenchValues, session: Session) => Promise<Answer>>> = {
  kernels: async (_options, { progress, signal }) => {
    const { benchKernels } = await import('../bench/kernels.ts');
    const report = await benchKernels({
      signal,
      onRow: (row, done, total) =>
        progress.update({
          label: 'bench kernels',
          fraction: done / total,
          detail: `${row.name} ${row.gflops.toFixed(1)} GFLOP/s`,
        }),
    });
    const figure = (value: number | undefined) => (value === undefined ? '' : value.toFixed(1));
    const rows = report.rows.map((row) => [
      row.name,
      figure(row.gflops),
      percent(row.ofPeak),
      figure(row.tfjsGflops),
      figure(row.jaxjsGflops),
    ]);
    const missing = report.missingPeers.map(({ name, reason }) => `Not measured: ${name} (${reason}).`);
    return {
      fields: { ...report },
      text: [
        `Peak of this core: ${report.peakGflops.toFixed(1)} GFLOP/s (${report.build} build)`,
        table(['GFLOP/s', 'lacuna', 'of peak', 'tfjs', 'jax-js'], rows),
        ...missing,
      ].join('\n'),
    };
  },
  train: async ({ lanes, kernels, backend, config, batchSize, length, rounds }, { progress, signal }) => {
    const { benchTrain, TRAIN_SHAPE } = await import('../bench/train.ts');
    const report = await benchTrain({
      lanes,
      kernels,
      other: backend,
      rounds,
      config,
      shape: { ...TRAIN_SHAPE, config: configOf(config, undefined, plannedVocabSize(config)), batchSize, length },
      signal,
      onRound: (round, rounds) => progress.update({ label: 'bench train', fraction: round / rounds }),
    });
    const { tokensPerSecond, gflops, ofPeak, speedup, other, pytorchTokensPerSecond, pytorchRatio, missing } = report;
    const lines = [
      `${Math.round(tokensPerSecond)} tokens/s on ${lanes} lane${lanes > 1 ? 's' : ''}: ` +
        `${gflops.toFixed(1)} GFLOP/s, ${percent(ofPeak)} of peak`,
    ];
    if (speedup !== undefined) lines.push(`${speedup.toFixed(2)} times one lane`);
    if (other) {
      lines.push(
        `${other.name}: ${Math.round(other.tokensPerSecond)} tokens/s; ours is ${other.ratio.toFixed(2)} times as fast`,
      );
    }
    if (other?.gpu) {
      const { adapter, dispatches, unfusedDispatches, dispatchRatio, readbacksInTenSteps } = other.gpu;
      lines.push(
        `${adapter}: ${dispatches} dispatches a step, ${percent(dispatchRatio)} of ${unfusedDispatches} unfused; ` +
          `${readbacksInTenSteps} readbacks in ten steps`,
      );
    }
    if (pytorchTokensPerSecond !== undefined && pytorchRatio !== undefined) {
      lines.push(`PyTorch: ${Math.round(pytorchTokensPerSecond)} tokens/s; ours is ${pytorchRatio.toFixed(2)} of it`);
    }
    return { fields: { ...report }, text: [...lines, ...missing.map((name) => `Not measured: ${name}.`)].join('\n') };
  },
  gpu: async ({ batchSize, length, rounds }, { progress, signal }) => {
    const { benchGpu } = await import('../bench/gpu.ts');
    const report = await benchGpu({
      rows: batchSize * length,
      rounds,
      signal,
      onRow: (row, done, total) =>
        progress.update({
          label: 'bench gpu',
          fraction: done / total,
          detail: `${row.name} ${row.gflops.toFixed(0)} GFLOP/s`,
        }),
    });
    const rows = report.rows.map((row) => [
      row.name,
      row.gflops.toFixed(0),
      row.tfjsGflops.toFixed(0),
      row.jaxjsGflops?.toFixed(0) ?? '',
    ]);
    return {
      fields: { ...report },
      text: [
        report.adapter,
        table(['GFLOP/s', 'lacuna', 'tfjs', 'jax-js'], rows),
        ...report.missing.map((name) => `Not measured: ${name}.`),
      ].join('\n'),
    };
  },
  objective: async ({ kernels, ratio }, { progress, signal }) => {
    checkRatio(ratio, 'bench objective');
    const { benchObjective } = await import('../bench/objective.ts');
    const report = await benchObjective({
      kernels,
      ratio,
      signal,
      onRow: (_row, done, total) => progress.update({ label: 'bench objective', fraction: done / total }),
    });
    const rows = report.rows.map((row) => [
      `${row.length} tokens, ${row.encoderLayers} + ${row.decoderLayers} layers`,
      row.maeMs.toFixed(0),
      row.mlmMs.toFixed(0),
      row.speedup.toFixed(2),
      row.flopRatio.toFixed(2),
    ]);
    return {
      fields: { ratio, ...report },
      text: table([`ratio ${ratio}`, 'mae ms', 'mlm ms', 'times', 'by operations'], rows),
    };
  },
  edge: async ({ models }, { progress, signal }) => {
    const { benchEdge } = await import('../bench/edge.ts');
    const report = await benchEdge({
      signal,
      onProgress: (done, total) => progress.update({ label: 'bench edge', fraction: done / total }),
      ...(models === undefined ? {} : { models }),
    });
    const ms = (value: number) => `${value.toFixed(1)} ms`;
    return {
      fields: { ...report },
      text: [
        `Fill-mask of ${report.tokens} tokens over HTTP: p50 ${ms(report.p50Ms)}, p99 ${ms(report.p99Ms)}`,
        `Of it the model: ${ms(report.computeMs)}` +
          (report.cpuMsPerRequest === undefined ? '' : `; CPU of the whole request: ${ms(report.cpuMsPerRequest)}`),
        `First request, model load included: ${ms(report.firstRequestMs)}`,
        `Through \`wrangler dev\`: p50 ${ms(report.wranglerDev.p50Ms)}, first ${ms(report.wranglerDev.firstRequestMs)}`,
        `Bundle without models: ${(report.bundleGzipBytes / 1000).toFixed(0)} kB gzip`,
      ].join('\n'),
    };
  },
  onnx: async ({ models }, { progress, signal }) => {
    const { benchOnnx } = await import('../bench/onnx.ts');
    const report = await benchOnnx({
      signal,
      onRow: (_row, done, total) => progress.update({ label: 'bench onnx', fraction: done / total }),
      ...(models === undefined ? {} : { models }),
    });
    const figure = (value: number | undefined) => (value === undefined ? '' : value.toFixed(2));
    const rows = report.rows.map((row) => [
      `${row.task}, ${row.tokens} tokens`,
      figure(row.lacunaMs),
      figure(row.lacunaFloatMs),
      figure(row.onnxruntimeWebMs),
      figure(row.onnxruntimeWebRatio),
      figure(row.onnxruntimeNodeMs),
      figure(row.onnxruntimeNodeRatio),
    ]);
    const missing = report.missingPeers.map(({ name, reason }) => `Not measured: ${name} (${reason}).`);
    return {
      fields: { ...report },
      text: [
        table(['ms', 'lacuna', 'in float', 'onnxruntime-web', 'times ours', 'onnxruntime-node', 'times ours'], rows),
        ...missing,
      ].join('\n'),
    };
  },
  load: async ({ models, connections, seconds }, { progress, signal }) => {
    const { benchLoad } = await import('../bench/load.ts');
    const report = await benchLoad({
      models,
      connections,
      seconds,
      signal,
      onProgress: (done) => progress.update({ label: 'bench load', fraction: done }),
    });
    const { memory, cpuMsPerRequest } = report;
    return {
      fields: { ...report },
      exitCode: report.errors === 0 ? 0 : 1,
      text: [
        `${report.requestsPerSecond.toFixed(0)} requests/s at ${connections} connections over ${seconds} s` +
          `${report.pinned ? ', a core each' : ''}: p50 ${report.p50Ms} ms, p99 ${report.p99Ms} ms, ${report.errors} errors`,
        cpuMsPerRequest === undefined ? '' : `${cpuMsPerRequest.toFixed(2)} ms of CPU a request`,
        memory === undefined
          ? ''
          : `Memory over ${memory.requests} requests after the first: ${memory.firstMb} to ${memory.lastMb} MB`,
      ]
        .filter((line) => line !== '')
        .join('\n'),
    };
  },
  fuzz: async ({ seed, requests, artifacts }, { progress, signal }) => {
    const { benchFuzz } = await import('../bench/fuzz.ts');
    const report = await benchFuzz({
      seed,
      requests,
      artifacts,
      signal,
      onProgress: (done) => progress.update({ label: 'bench fuzz', fraction: done }),
    });
    const { statuses, slowestMs, memory, failures } = report;
    const counts = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`);
    return {
      fields: { ...report },
      exitCode: failures.length === 0 ? 0 : 1,
      text: [
        `${report.requests} requests and ${report.artifacts} files (seed ${seed}): ${counts.join(', ')}`,
        `Slowest answer: ${slowestMs.toFixed(0)} ms`,
        ...(memory === undefined ? [] : [`Memory: ${memory.firstMb} to ${memory.lastMb} MB`]),
        ...(failures.length === 0 ? ['All of it held.'] : failures),
      ].join('\n'),
    };
  },
};

interface BenchValues {
  readonly lanes: number;
  readonly kernels: 'auto' | 'simd' | 'relaxed';
  readonly backend: OtherName | undefined;
  readonly config: string;
  readonly batchSize: number;
  readonly length: number;
  readonly rounds: number;
  readonly ratio: number;
  readonly models?: string | undefined;
  readonly connections: number;
  readonly seconds: number;
  readonly seed: number;
  readonly requests: number;
  readonly artifacts: number;
}

export const bench = defineCommand({
  name: 'bench',
  about: `Measures one of: ${Object.keys(BENCHMARKS).join(', ')}. Every contestant's result is checked before it is timed.`,
  positionals: ['WHAT'],
  options: {
    lanes: { kind: 'integer', about: 'train: worker threads that share every batch', default: 1, min: 1, max: 256 },
    kernels: {
      kind: 'choice',
      choices: ['auto', 'simd', 'relaxed'],
      about: 'train, objective: which build',
      default: 'auto',
    },
    config: { kind: 'text', value: 'NAME|FILE', about: 'train: the model', default: 'bench' },
    batchSize: { kind: 'integer', about: 'train, gpu: texts a step', default: 32, min: 1, max: 4096 },
    length: { kind: 'integer', about: 'train, gpu: tokens a text', default: 128, min: 8, max: 512 },
    rounds: {
      kind: 'integer',
      about: 'train, gpu: how often the contestants take turns',
      default: 7,
      min: 1,
      max: 1000,
    },
    backend: { kind: 'choice', choices: OTHER_BACKENDS, about: 'train: one to stand beside our kernels' },
    ratio: { kind: 'number', about: 'objective: share of tokens removed', default: 0.5 },
    models: {
      kind: 'text',
      value: 'DIR',
      about: 'edge, load, onnx: a folder of artifacts in place of the default models',
    },
    connections: { kind: 'integer', about: 'load: clients that ask at once', default: 16, min: 1, max: 1000 },
    seconds: { kind: 'number', about: 'load: how long they ask', default: 60, min: 1, max: 3600 },
    seed: { kind: 'integer', about: 'fuzz: another seed, other requests', default: 1 },
    requests: { kind: 'integer', about: 'fuzz: random and changed requests', default: 10_000, min: 0 },
    artifacts: { kind: 'integer', about: 'fuzz: changed files', default: 2_000, min: 0 },
  },
  examples: [
    'lacuna bench kernels --json',
    'lacuna bench train --lanes 2 --json',
    'lacuna bench train --backend tfjs-wasm --json',
    'lacuna bench train --backend webgpu --config base --batch-size 4 --rounds 3 --json',
    'lacuna bench gpu --json',
    'lacuna bench objective --json',
    'lacuna bench edge --json',
    'lacuna bench onnx --json',
    'lacuna bench load --json',
    'lacuna bench fuzz --json',
  ],
  async run(options, [what = ''], session) {
    const benchmark = BENCHMARKS[what];
    if (benchmark === undefined) {
      throw new UsageError(`bench: expected ${Object.keys(BENCHMARKS).join(', ')}, got ${JSON.stringify(what)}.`);
    }
    const answer = await benchmark(options, session);
    return { ...answer, fields: { commit: commit(), ...answer.fields } };
  },
});
