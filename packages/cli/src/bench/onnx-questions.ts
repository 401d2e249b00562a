/** Texts of so many tokens as our ops take them, and as the inputs of the ONNX file of the same model. */
import {
  type Artifact,
  classifierLogits,
  gapStates,
  type MaskedBatch,
  type Ops,
  type Params,
  type Tensor,
  vocabularyHead,
} from '@lacuna/core';
import { tokenizerOf } from '../trained-model.ts';
import { SENTENCE } from './edge.ts';
import type { OnnxInputs } from './onnx-runtimes.ts';

/** A text as every contestant takes it. */
export interface Question {
  logits(ops: Ops, params: Params): Tensor;
  readonly inputs: OnnxInputs;
}

/** `length` tokens of running text between separators. */
function tokensOf(artifact: Artifact, length: number): Int32Array {
  const tokenizer = tokenizerOf(artifact);
  const words = tokenizer.encode(SENTENCE).filter((id) => id !== tokenizer.maskId);
  return Int32Array.from({ length }, (_, i) =>
    i === 0 || i === length - 1 ? tokenizer.sepId : (words[(i - 1) % words.length] as number),
  );
}

/** For a fill-mask model: a gap in the middle. */
export function gapIn(artifact: Artifact, length: number): Question {
  const { config } = artifact;
  const gap = length >> 1;
  const tokens = tokensOf(artifact, length);
  tokens[gap] = config.maskTokenId;
  const visiblePositions = Int32Array.from([...tokens.keys()].filter((i) => i !== gap));
  const batch: MaskedBatch = {
    kind: 'masked',
    batchSize: 1,
    visibleLength: length - 1,
    gapLength: 1,
    visibleIds: visiblePositions.map((i) => tokens[i] as number),
    visiblePositions,
    gapPositions: Int32Array.of(gap),
    labels: Int32Array.of(-100),
  };
  const one = (values: Int32Array) => ({ values, rows: 1 });
  const gaps = { gap_positions: one(batch.gapPositions) };
  const visible = { input_ids: one(batch.visibleIds), position_ids: one(visiblePositions) };
  return {
    inputs: config.objective === 'mae' ? { ...visible, ...gaps } : { input_ids: one(tokens), ...gaps },
    logits(ops, params) {
      const { table, bias } = vocabularyHead(params);
      return ops.linear(gapStates(ops, params, config, batch).gaps, table, bias);
    },
  };
}

/** For a classifier. */
export function textOf(artifact: Artifact, length: number): Question {
  const inputIds = tokensOf(artifact, length);
  const lengths = Int32Array.of(length);
  const batch = { kind: 'text', batchSize: 1, length, inputIds, lengths, targets: new Float32Array(0) } as const;
  const present = new Int32Array(length).fill(1);
  return {
    inputs: { input_ids: { values: inputIds, rows: 1 }, attention_mask: { values: present, rows: 1 } },
    logits: (ops, params) => classifierLogits(ops, params, artifact.config, batch),
  };
}
