/** A trained model as an ONNX file, with the `tokenizer.json` that other programs read beside it. */
import { writeOnnx } from '@lacuna/core';
import { saveBytes } from '@lacuna/core/node';
import type { Answer } from './command.ts';
import { nameFrom, readTrainedModel, tokenizerOf } from './trained-model.ts';

/**
 * Writes `out` (`*.onnx`) and `*.tokenizer.json`. Throws what `readTrainedModel` throws, and `unsupported_format` for a model
 * that is too large.
 */
export async function exportOnnx(model: string, out: string, named: string | undefined): Promise<Answer> {
  const stem = out.replace(/\.onnx$/, '');
  const name = named ?? nameFrom(stem);
  const artifact = { ...(await readTrainedModel(model)), name };
  const bytes = writeOnnx(artifact);
  const tokenizer = `${stem}.tokenizer.json`;
  await saveBytes(out, bytes);
  await saveBytes(tokenizer, new TextEncoder().encode(`${JSON.stringify(tokenizerOf(artifact).toJSON())}\n`));
  const { task, labels } = artifact;
  const lines = [
    `Wrote ${out}: ${name}, ${task}, ${(bytes.length / 1e6).toFixed(2)} MB.`,
    `Wrote ${tokenizer}.`,
    ...(labels.length > 0 ? [`Labels, in the order of the logits: ${labels.join(', ')}.`] : []),
  ];
  return {
    fields: { out, tokenizer, name, task, labels, format: 'onnx', sizeBytes: bytes.length },
    text: lines.join('\n'),
  };
}
