/** Small random models that answer, shared by the tests of inference. */
import { type ArtifactParts, readArtifact, writeArtifact } from '../artifact/artifact.ts';
import { CONFIGS, type ModelConfig, SPECIAL_TOKENS } from '../model/config.ts';
import { initialParameters } from '../model/parameters.ts';
import type { Ops } from '../ops/ops.ts';
import { Random } from '../random/random.ts';
import { tokenizerJson } from '../text/tokenizer-json.ts';
import { loadModel } from './model.ts';

const WORDS = 'the a cat dog sat ran on in mat home was very good bad film . , ! ##s ##ing'.split(' ');
const pieces = [...SPECIAL_TOKENS, ...WORDS];
export const config: ModelConfig = { ...CONFIGS.tiny, vocabSize: pieces.length, maxPositionEmbeddings: 20 };
const head = { numLabels: 3 };
export const labels = ['bad', 'fair', 'good'];
export const TEXTS = ['The [MASK] sat on the [MASK].', '[MASK]', 'a [MASK][MASK] film, very bad!'];

/** Random parameters, large enough that the scores differ. */
export function loud(seed: number, of: ModelConfig = config, withHead?: typeof head): Record<string, Float32Array> {
  const params = initialParameters(of, new Random(seed), withHead);
  for (const [name, values] of Object.entries(params)) {
    if (!name.endsWith('norm.weight')) for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * 4;
  }
  return params;
}

export const filler: ArtifactParts = {
  name: 'filler',
  config,
  tokenizer: tokenizerJson(pieces),
  params: loud(1),
  quantization: 'int8',
};
export const critic: ArtifactParts = { ...filler, name: 'critic', head, labels, params: loud(2, config, head) };

/** The model of these parts on a backend, by way of a file. */
export const load = async (ops: Ops, parts: ArtifactParts) =>
  loadModel(ops, await readArtifact(await writeArtifact(parts)));
