/** `lacuna export`: a run becomes the one file that the edge serves, with a report of what int8 costs, or an ONNX file. */
import {
  type Artifact,
  checkpointArtifact,
  floatWeights,
  type Json,
  parameterShapes,
  quantizationReport,
  readArtifact,
} from '@lacuna/core';
import { loadCheckpoint, saveBytes } from '@lacuna/core/node';
import { kebab } from '../arguments.ts';
import { type Answer, defineCommand, type Options, type Session, UsageError, type Values } from '../command.ts';
import { chosenThreshold } from '../evaluation-report.ts';
import { figures } from '../follow-training.ts';
import { openBackend } from '../lane-backend.ts';
import { listModel } from '../model-listing.ts';
import { exportOnnx } from '../onnx-export.ts';
import { BACKEND_OPTIONS } from '../pretrain-options.ts';
import { RunFolder } from '../run-folder.ts';
import { classifierPredictions, SCORING_OPTIONS, score, scoringBatches, textBatches } from '../scoring.ts';
import { percent } from '../table.ts';
import { expectThresholdOptions, THRESHOLD_OPTIONS } from '../threshold-options.ts';
import { nameFrom } from '../trained-model.ts';

const OPTIONS = {
  model: {
    kind: 'text',
    value: 'DIR',
    about: 'the folder of a run; for ONNX it may be an exported file as well',
    required: true,
  },
  out: { kind: 'text', value: 'FILE', about: 'the file to write, *.safetensors or *.onnx', required: true },
  format: {
    kind: 'choice',
    choices: ['safetensors', 'onnx'],
    about: 'what lacuna serves, or float32 for other runtimes',
    default: 'safetensors',
  },
  name: { kind: 'text', value: 'NAME', about: 'how requests name the model (default: from --out)' },
} as const satisfies Options;

/** What has no meaning for an ONNX file: it is not served by Lacuna, and its weights are float32. */
const SAFETENSORS_OPTIONS = {
  description: { kind: 'text', value: 'TEXT', about: 'what the service says of the model' },
  float: { kind: 'flag', about: 'keep float32' },
  ...SCORING_OPTIONS,
  ...THRESHOLD_OPTIONS,
  ...BACKEND_OPTIONS,
} as const satisfies Options;

export const exportModel = defineCommand({
  name: 'export',
  about:
    'Writes the averaged weights of a run as one file, int8 with a scale a row. Given --text or --data, it scores the ' +
    'float and the int8 model on them and keeps the int8 figures in the file; given --dev, it chooses a threshold there ' +
    'and keeps that as well, for requests that ask for "threshold": "model". The folder gets a models.json, so that ' +
    '`lacuna serve --models` serves it. With --format onnx it writes float32 for onnxruntime and others, and the ' +
    'tokenizer beside it.',
  options: { ...OPTIONS, ...SAFETENSORS_OPTIONS },
  examples: [
    'lacuna export --model runs/student --out models/fill-mask.safetensors --text held-out.txt',
    'lacuna export --model models/lacuna-fill.safetensors --format onnx --out lacuna-fill.onnx',
  ],
  async run(options, _positionals, session) {
    const { format, model, out, name } = options;
    if ((format === 'onnx') !== out.endsWith('.onnx')) {
      const expected = format === 'onnx' ? 'a file *.onnx' : 'a file *.safetensors, or --format onnx';
      throw new UsageError(`export: --out must be ${expected}, got ${out}.`, { out, format });
    }
    if (format === 'safetensors') return exportArtifact(options, session);
    const idle = Object.keys(SAFETENSORS_OPTIONS).filter((option) => session.given.has(option));
    if (idle.length === 0) return exportOnnx(model, out, name);
    throw new UsageError(`export: expected no --${kebab(idle[0] as string)} with --format onnx. Leave it out.`, {
      idle,
    });
  },
});

async function exportArtifact(
  options: Values<typeof OPTIONS & typeof SAFETENSORS_OPTIONS>,
  session: Session,
): Promise<Answer> {
  const checkpoint = await loadCheckpoint(new RunFolder(options.model).checkpoint);
  const { config, head } = checkpoint;
  const name = options.name ?? nameFrom(options.out.replace(/\.safetensors$/, ''));
  const quantization = options.float ? 'none' : 'int8';
  const exported = await readArtifact(await checkpointArtifact(checkpoint, { name, quantization }));
  const plain = await readArtifact(await checkpointArtifact(checkpoint, { name, quantization: 'none' }));
  const report = quantizationReport(floatWeights(plain), parameterShapes(config, head));
  const lines: string[] = [];
  let kept: { metrics?: Json; threshold?: number } = {};
  let scores = {};
  const threshold = await ownThreshold(exported, options, session);
  if (options.text !== undefined || options.data !== undefined) {
    const { batches, ...cut } = await scoringBatches('export', plain, options, session);
    const ops = await openBackend(options);
    const float = await score(ops, plain, batches, session, 'float32', threshold);
    const shipped = quantization === 'int8' ? await score(ops, exported, batches, session, 'int8', threshold) : float;
    scores = { float, shipped, ...cut };
    kept = { metrics: { ...shipped } };
    lines.push(`float32: ${figures(float)}`, `${quantization === 'int8' ? 'int8' : 'shipped'}: ${figures(shipped)}`);
  }
  if (threshold !== undefined) {
    kept = { ...kept, threshold };
    lines.push(`threshold: ${threshold}`);
  }
  const bytes = await checkpointArtifact(checkpoint, { name, quantization, ...kept });
  await saveBytes(options.out, bytes);
  const { description } = options;
  const { version } = await readArtifact(bytes);
  const described = description === undefined ? {} : { description };
  await listModel(options.out, { name, task: exported.task, version, ...described });
  const worst = report.tensors.slice(0, 3).map(({ name: of, relativeError }) => `${of} ${percent(relativeError)}`);
  lines.push(
    `int8 rounds the weights by ${percent(report.relativeError)} of their norm; most: ${worst.join(', ')}.`,
    `Wrote ${options.out}: ${name}, ${exported.task}, ${(bytes.length / 1e6).toFixed(2)} MB.`,
  );
  return {
    fields: {
      ...{ out: options.out, name, task: exported.task, quantization, sizeBytes: bytes.length, report, ...scores },
      ...(threshold === undefined ? {} : { threshold }),
    },
    text: lines.join('\n'),
  };
}

/** The threshold that --dev gives the model as it is shipped. */
async function ownThreshold(
  shipped: Artifact,
  options: Values<typeof SAFETENSORS_OPTIONS>,
  session: Session,
): Promise<number | undefined> {
  const { dev, outOfScope } = options;
  expectThresholdOptions('export', options, shipped.multiLabel);
  if (dev === undefined) return undefined;
  const { batches } = await textBatches('export', shipped, dev, options, session);
  const predictions = await classifierPredictions(await openBackend(options), shipped, batches, session, 'dev');
  return chosenThreshold(predictions, {
    multiLabel: shipped.multiLabel,
    outOfScope: outOfScope !== undefined,
    outOfScopeShare: options.outOfScopeShare,
  });
}
