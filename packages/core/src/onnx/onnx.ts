/**
 * A model as an ONNX file, for other runtimes: float32, opset 17, sizes of batch and text free. All that an artifact says of
 * itself stands in the file's `metadata_props` under the same names, with `lacuna.onnx` for the version: `quantization` is
 * what the weights were rounded to before.
 *
 *     fill-mask, mae        input_ids, position_ids (batch, visible), gap_positions (batch, gaps) → logits (batch, gaps, V)
 *     fill-mask, mlm        input_ids (batch, tokens), gap_positions (batch, gaps)                → logits (batch, gaps, V)
 *     text-classification   input_ids, attention_mask (batch, tokens)                             → logits (batch, labels)
 */
import { type Artifact, floatValues } from '../artifact/artifact.ts';
import { writeMetadata } from '../artifact/metadata.ts';
import { LacunaError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import { type HeadConfig, parameterCount } from '../model/parameters.ts';
import { OnnxGraph } from './graph.ts';
import { modelProto } from './messages.ts';
import { classifier, maskedAutoencoder, maskedLanguageModel } from './networks.ts';
import type { Building } from './operators.ts';
import { bytesOf } from './protobuf.ts';

const VERSION = '1';
/** Version 8 of the file format is the one that came with opset 17. */
const IR_VERSION = 8;
const OPSET = 17;
/** An ONNX file is one message, which Protocol Buffers hold below 2³¹ bytes; what is left is for all that is not a weight. */
const MAX_WEIGHT_BYTES = 2e9;

/**
 * The file's bytes; the same artifact gives the same bytes. Int8 weights are written as the float32 values that they stand
 * for. Throws `unsupported_format` for a model that is too large for one ONNX file.
 */
export function writeOnnx(artifact: Artifact): Uint8Array {
  const { config, task, labels } = artifact;
  expectFits(config, task === 'text-classification' ? { numLabels: labels.length } : undefined);
  const weight = (name: string) => {
    const stored = artifact.weights[name];
    if (stored) return floatValues(stored);
    throw new LacunaError('checkpoint_mismatch', `onnx: no parameter "${name}". Is the artifact of this config?`, {
      name,
    });
  };
  const graph = new OnnxGraph();
  const building: Building = { graph, config, weight };
  if (task === 'text-classification') classifier(building, labels.length);
  else if (config.objective === 'mae') maskedAutoencoder(building);
  else maskedLanguageModel(building);
  const { 'lacuna.artifact': _, ...described } = writeMetadata(artifact);
  const metadata = { 'lacuna.onnx': VERSION, ...described };
  return bytesOf(modelProto({ graph: graph.encoded(artifact.name), irVersion: IR_VERSION, opset: OPSET, metadata }));
}

function expectFits(config: ModelConfig, head: HeadConfig | undefined): void {
  const size = 4 * parameterCount(config, head);
  if (size <= MAX_WEIGHT_BYTES) return;
  const gigabytes = (size / 1e9).toFixed(1);
  throw new LacunaError(
    'unsupported_format',
    `onnx: expected weights of at most 2 GB in float32, got ${gigabytes} GB. An ONNX file cannot hold more.`,
    { sizeBytes: size, limit: MAX_WEIGHT_BYTES },
  );
}
