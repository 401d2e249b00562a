/** What answering costs, known before it begins: multiply-adds of the model, and bytes of the memory that it runs in. */
import type { ArtifactHeader } from '../artifact/artifact.ts';
import { weightBytes } from '../artifact/artifact.ts';
import { LacunaError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';

/** Of a piece of the vocabulary at one gap, besides its logit: an exponential and a place among the best. */
const PIECE_WORK = 100;

/** Multiply-adds of the encoder over `tokens` tokens. */
export function encoderWork(config: ModelConfig, tokens: number): number {
  const { hiddenSize: C, intermediateSize: F } = config;
  return tokens * config.numHiddenLayers * (4 * C * C + 3 * C * F + 2 * tokens * C);
}

/** Multiply-adds of filling `gaps` gaps among `tokens` tokens, the encoder's included. */
export function gapWork(config: ModelConfig, tokens: number, gaps: number): number {
  const { hiddenSize: C, intermediateSize: F, numDecoderLayers: layers, vocabSize: V } = config;
  const decoder =
    config.decoderAttention === 'self'
      ? layers * tokens * (4 * C * C + 3 * C * F + 2 * tokens * C)
      : layers * (tokens * 2 * C * C + gaps * (2 * C * C + 3 * C * F + 2 * tokens * C));
  return encoderWork(config, tokens) + decoder + gaps * V * (C + PIECE_WORK);
}

/** A limit on multiply-adds that the texts of one request share. */
export class WorkBudget {
  readonly limit: number;
  #spent = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Throws `too_much_work` when less than `work` is left; what is left then stays. */
  spend(work: number): void {
    const needed = this.#spent + work;
    if (needed > this.limit) {
      throw new LacunaError(
        'too_much_work',
        `request: expected at most ${this.limit / 1e6} million multiply-adds, got ${Math.ceil(needed / 1e6)}. ` +
          'Send fewer texts, shorter ones, or ask for fewer passes.',
        { needed, limit: this.limit },
      );
    }
    this.#spent = needed;
  }
}

/**
 * Bytes of the backend's memory for a model with its longest text: weights as stored, and what its layers make on the way,
 * of which nothing is given back before the answer is there.
 */
export function servingBytes(header: Pick<ArtifactHeader, 'config' | 'task' | 'labels' | 'quantization'>): number {
  const { config } = header;
  const { hiddenSize: C, intermediateSize: F, maxPositionEmbeddings: T, numHiddenLayers, numDecoderLayers } = config;
  const weights = weightBytes(header);
  const activations = 4 * T * (4 * C + (numHiddenLayers + numDecoderLayers) * (12 * C + 3 * F));
  const logits = header.task === 'fill-mask' ? 4 * T * config.vocabSize : 0;
  const rotary = 4 * Math.max(512, 2 * T) * C;
  return weights + activations + logits + rotary;
}
