/** A batch to time a training step with: random pieces with single gaps. */
import { maskWindows } from '../masking/masking.ts';
import type { MaskedBatch } from '../model/batch.ts';
import { type ModelConfig, SPECIAL_TOKENS } from '../model/config.ts';
import { Random } from '../random/random.ts';

export interface SampleShape {
  readonly config: ModelConfig;
  readonly batchSize: number;
  /** Tokens a text. */
  readonly length: number;
  /** Share of them that is removed. */
  readonly ratio: number;
}

/** The same for the same shape. */
export function sampleBatch({ config, batchSize, length, ratio }: SampleShape): MaskedBatch {
  const random = new Random(1);
  const first = SPECIAL_TOKENS.length;
  const ids = Int32Array.from({ length: batchSize * length }, () => first + random.integer(config.vocabSize - first));
  const never = () => false;
  const masking = { ratio, spans: [1, 1] as const, isSpecial: never, isContinuation: never };
  return maskWindows(ids, batchSize, length, masking, random);
}
