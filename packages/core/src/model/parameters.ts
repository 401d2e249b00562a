/** Names, shapes and initial values of a model's parameters. BERT's names where BERT has the part. */
import type { Random } from '../random/random.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import type { ModelConfig } from './config.ts';

/** A classification head on the pooled encoder. */
export interface HeadConfig {
  readonly numLabels: number;
}

/** Every parameter's shape, in the order of the flat buffer. Weights (O, I). */
export function parameterShapes(config: ModelConfig, head?: HeadConfig): Record<string, Shape> {
  const { hiddenSize: C, intermediateSize: F, vocabSize: V } = config;
  const shapes: Record<string, Shape> = { 'embeddings.word_embeddings.weight': [V, C] };
  const selfAttention = (layer: string) => {
    shapes[`${layer}.attention.norm.weight`] = [C];
    shapes[`${layer}.attention.qkv.weight`] = [3 * C, C];
    shapes[`${layer}.attention.output.dense.weight`] = [C, C];
  };
  const feedForward = (layer: string) => {
    shapes[`${layer}.intermediate.norm.weight`] = [C];
    shapes[`${layer}.intermediate.dense.weight`] = [2 * F, C];
    shapes[`${layer}.output.dense.weight`] = [C, F];
  };
  for (let i = 0; i < config.numHiddenLayers; i++) {
    selfAttention(`encoder.layer.${i}`);
    feedForward(`encoder.layer.${i}`);
  }
  shapes['encoder.norm.weight'] = [C];
  if (head) {
    shapes['classifier.dense.weight'] = [C, C];
    shapes['classifier.dense.bias'] = [C];
    shapes['classifier.out_proj.weight'] = [head.numLabels, C];
    shapes['classifier.out_proj.bias'] = [head.numLabels];
    return shapes;
  }
  if (config.objective === 'mae') {
    shapes['decoder.query.bias'] = [C];
    if (config.decoderQueries === 'seeded') {
      shapes['decoder.query.left.weight'] = [C, C];
      shapes['decoder.query.right.weight'] = [C, C];
    }
    for (let i = 0; i < config.numDecoderLayers; i++) {
      const layer = `decoder.layer.${i}`;
      if (config.decoderAttention === 'self') selfAttention(layer);
      else {
        shapes[`${layer}.crossattention.norm.weight`] = [C];
        shapes[`${layer}.crossattention.query.weight`] = [C, C];
        shapes[`${layer}.crossattention.key_value.weight`] = [2 * C, C];
        shapes[`${layer}.crossattention.output.dense.weight`] = [C, C];
      }
      feedForward(layer);
    }
    shapes['decoder.norm.weight'] = [C];
  }
  if (config.tieWordEmbeddings === false) shapes['cls.predictions.decoder.weight'] = [V, C];
  shapes['cls.predictions.bias'] = [V];
  return shapes;
}

/** Whether AdamW decays this parameter: matrices do, norms and biases do not. */
export function isDecayed(name: string): boolean {
  return !name.endsWith('norm.weight') && !name.endsWith('bias');
}

const isResidualOutput = (name: string) => name.endsWith('output.dense.weight');

/**
 * Initial values: matrices from N(0, √(2/5C)) truncated at two deviations, those that write to the residual stream
 * divided by √(2·layers) (GPT-2), norms 1, biases 0.
 */
export function initialParameters(
  config: ModelConfig,
  random: Random,
  head?: HeadConfig,
): Record<string, Float32Array> {
  const values: Record<string, Float32Array> = {};
  for (const [name, shape] of Object.entries(parameterShapes(config, head))) {
    const array = new Float32Array(sizeOf(shape));
    if (name.endsWith('norm.weight')) array.fill(1);
    else if (!name.endsWith('bias')) {
      const layers = name.startsWith('decoder') ? config.numDecoderLayers : config.numHiddenLayers;
      const deviation = Math.sqrt(2 / (5 * config.hiddenSize)) / (isResidualOutput(name) ? Math.sqrt(2 * layers) : 1);
      for (let i = 0; i < array.length; i++) {
        let draw = random.normal();
        while (Math.abs(draw) > 2) draw = random.normal();
        array[i] = draw * deviation;
      }
    }
    values[name] = array;
  }
  return values;
}

/** How many parameters a model has. */
export function parameterCount(config: ModelConfig, head?: HeadConfig): number {
  return Object.values(parameterShapes(config, head)).reduce((sum, shape) => sum + sizeOf(shape), 0);
}
