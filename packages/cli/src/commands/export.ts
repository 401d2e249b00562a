/** `lacuna export`: a run becomes the one file that the edge serves, with a report of what int8 costs. */
import { type Json, parameterShapes, quantizationReport, readArtifact } from '@lacuna/core';
import { loadCheckpoint, saveBytes } from '@lacuna/core/node';
import { defineCommand } from '../command.ts';
import { figures } from '../follow-training.ts';
import { openBackend } from '../lane-backend.ts';
import { listModel } from '../model-listing.ts';
import { BACKEND_OPTIONS } from '../pretrain-options.ts';
import { RunFolder } from '../run-folder.ts';
import { SCORING_OPTIONS, score, scoringBatches } from '../scoring.ts';
import { percent } from '../table.ts';
import { artifactBytes, floatWeights, nameFrom } from '../trained-model.ts';

export const exportModel = defineCommand({
  name: 'export',
  about:
    'Writes the averaged weights of a run as one file, int8 with a scale a row. Given --text or --data, it scores the ' +
    'float and the int8 model on them and keeps the int8 figures in the file. The folder gets a models.json, so that ' +
    '`lacuna serve --models` serves it.',
  options: {
    model: { kind: 'text', value: 'DIR', about: 'the folder of a run', required: true },
    out: { kind: 'text', value: 'FILE', about: 'the file to write, *.safetensors', required: true },
    name: { kind: 'text', value: 'NAME', about: 'how requests name the model (default: from --out)' },
    description: { kind: 'text', value: 'TEXT', about: 'what the service says of the model' },
    float: { kind: 'flag', about: 'keep float32' },
    ...SCORING_OPTIONS,
    ...BACKEND_OPTIONS,
  },
  examples: ['lacuna export --model runs/student --out models/fill-mask.safetensors --text held-out.txt'],
  async run(options, _positionals, session) {
    const checkpoint = await loadCheckpoint(new RunFolder(options.model).checkpoint);
    const { config, head, recipe, state } = checkpoint;
    const name = options.name ?? nameFrom(options.out.replace(/\.safetensors$/, ''));
    const quantization = options.float ? 'none' : 'int8';
    const provenance = { recipe: withoutFolders(recipe), step: state.step, tokens: state.tokens };
    let bytes = await artifactBytes(checkpoint, name, quantization, { provenance });
    const exported = await readArtifact(bytes);
    const plain = await readArtifact(await artifactBytes(checkpoint, name, 'none'));
    const report = quantizationReport(floatWeights(plain), parameterShapes(config, head));
    const lines: string[] = [];
    let scores = {};
    if (options.text !== undefined || options.data !== undefined) {
      const { batches, ...cut } = await scoringBatches('export', plain, options, session);
      const ops = await openBackend(options);
      const float = await score(ops, plain, batches, session, 'float32');
      const shipped = quantization === 'int8' ? await score(ops, exported, batches, session, 'int8') : float;
      scores = { float, shipped, ...cut };
      bytes = await artifactBytes(checkpoint, name, quantization, { provenance, metrics: { ...shipped } });
      lines.push(`float32: ${figures(float)}`, `${quantization === 'int8' ? 'int8' : 'shipped'}: ${figures(shipped)}`);
    }
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
      fields: { out: options.out, name, task: exported.task, quantization, sizeBytes: bytes.length, report, ...scores },
      text: lines.join('\n'),
    };
  },
});

/** The files' names without the folders they lie in: the artifact is published, this machine's paths are not. */
function withoutFolders(recipe: Json): Json {
  if (typeof recipe === 'string') return recipe.split(/[\\/]/).pop() ?? recipe;
  if (Array.isArray(recipe)) return recipe.map(withoutFolders);
  if (recipe === null || typeof recipe !== 'object') return recipe;
  return Object.fromEntries(Object.entries(recipe).map(([name, value]) => [name, withoutFolders(value)]));
}
