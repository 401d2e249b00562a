/**
 * The model once more, as graphs: sizes that a run knows and a file does not are names here (`batch`, `tokens`, `visible`,
 * `gaps`). Follows `model/encoder.ts`, `model/masked.ts` and `model/classifier.ts` line by line; tests hold it to them.
 */
import type { Value } from './graph.ts';
import { DATA_TYPES } from './messages.ts';
import {
  type Building,
  crossAttention,
  geglu,
  linear,
  parameter,
  type Rotation,
  rmsNorm,
  rotation,
  selfAttention,
} from './operators.ts';

/** Added to a score, it leaves nothing after softmax. Not −∞: 0 · −∞ is no number. */
const FAR_BELOW = -1e30;

/** The masked autoencoder: what is visible and where the gaps are → one row of logits a gap. */
export function maskedAutoencoder(building: Building): void {
  const ids = integerInput(building, 'input_ids', 'visible', 'The tokens that are there, in order.');
  const positions = integerInput(
    building,
    'position_ids',
    'visible',
    'Their places in the whole text, from 0, rising.',
  );
  const gaps = integerInput(building, 'gap_positions', 'gaps', 'The places of the removed tokens.');
  const turn = rotation(building, positions);
  const encoded = encode(building, ids, turn);
  const queries = gapQueries(building, encoded, positions, gaps); // (B, G, C)
  const decoded =
    building.config.decoderAttention === 'self'
      ? decodeTogether(building, encoded, queries, positions, gaps)
      : decodeApart(building, encoded, queries, { query: rotation(building, gaps), key: turn });
  vocabularyLogits(building, rmsNorm(building, decoded, 'decoder.norm.weight'));
}

/** Queries (B, G, C) attend to the encoder's output: (B, G, C). */
function decodeApart(
  building: Building,
  encoded: Value,
  queries: Value,
  turn: { readonly query: Rotation; readonly key: Rotation },
): Value {
  const C = building.config.hiddenSize;
  let x = queries;
  for (let i = 0; i < building.config.numDecoderLayers; i++) {
    const layer = `decoder.layer.${i}`;
    const at = (name: string) => `${layer}.crossattention.${name}.weight`;
    const query = linear(building, rmsNorm(building, x, at('norm')), at('query'), C, C);
    const keyValue = linear(building, encoded, at('key_value'), C, 2 * C);
    const attended = crossAttention(building, query, keyValue, turn);
    x = building.graph.node('Add', [x, linear(building, attended, at('output.dense'), C, C)]);
    x = feedForward(building, x, layer);
  }
  return x;
}

/** Visible tokens and, behind them, the gaps attend to each other: (B, G, C). */
function decodeTogether(building: Building, encoded: Value, queries: Value, positions: Value, gaps: Value): Value {
  const { graph, config } = building;
  const turn = rotation(building, graph.node('Concat', [positions, gaps], { axis: 1 }));
  let x = graph.node('Concat', [encoded, queries], { axis: 1 }); // (B, T, C)
  for (let i = 0; i < config.numDecoderLayers; i++) x = transformerLayer(building, x, `decoder.layer.${i}`, turn);
  const sizes = (of: Value) => graph.node('Gather', [graph.node('Shape', [of]), graph.integers([1])]);
  return graph.node('Slice', [x, sizes(positions), sizes(x), graph.integers([1])]);
}

/** The masked-LM control: a text with `[MASK]` in its gaps → one row of logits a gap. */
export function maskedLanguageModel(building: Building): void {
  const { graph } = building;
  const ids = integerInput(building, 'input_ids', 'tokens', 'The text, [MASK] in its gaps.');
  const gaps = integerInput(building, 'gap_positions', 'gaps', 'The places of the gaps, from 0.');
  const encoded = encode(building, ids, rotation(building, placesOf(building, ids)));
  const rows = graph.node('Unsqueeze', [gaps, graph.integers([2])]); // (B, G, 1)
  vocabularyLogits(building, graph.node('GatherND', [encoded, rows], { batch_dims: 1 }));
}

/** The classifier: whole texts → one logit a label. */
export function classifier(building: Building, numLabels: number): void {
  const { graph, config } = building;
  const C = config.hiddenSize;
  const ids = integerInput(building, 'input_ids', 'tokens', 'Whole texts, shorter ones padded on the right.');
  const present = integerInput(building, 'attention_mask', 'tokens', '1 for a token of the text, 0 for padding.');
  const weights = graph.node('Cast', [present], { to: DATA_TYPES.float }); // (B, T)
  const distance = graph.node('Mul', [graph.node('Sub', [graph.float(1), weights]), graph.float(FAR_BELOW)]);
  const mask = graph.node('Unsqueeze', [distance, graph.integers([1, 2])]); // (B, 1, 1, T)
  const encoded = encode(building, ids, rotation(building, placesOf(building, ids)), mask);
  const sums = graph.node('MatMul', [graph.node('Unsqueeze', [weights, graph.integers([1])]), encoded]); // (B, 1, C)
  const counts = graph.node('ReduceSum', [weights, graph.integers([1])]); // (B, 1)
  const pooled = graph.node('Div', [graph.node('Squeeze', [sums, graph.integers([1])]), counts]); // (B, C)
  const bias = (name: string, size: number) => parameter(building, `classifier.${name}.bias`, [size]);
  const dense = linear(building, pooled, 'classifier.dense.weight', C, C, bias('dense', C));
  const hidden = graph.node('Tanh', [dense]);
  const logits = linear(building, hidden, 'classifier.out_proj.weight', C, numLabels, bias('out_proj', numLabels));
  const about = 'One logit a label, in the order of the labels.';
  graph.output({ name: 'logits', type: 'float', shape: ['batch', numLabels], about }, logits);
}

function integerInput({ graph }: Building, name: string, length: string, about: string): Value {
  return graph.input({ name, type: 'int64', shape: ['batch', length], about });
}

/** 0, 1, 2 … for every column of ids (B, T): (1, T). */
function placesOf({ graph }: Building, ids: Value): Value {
  const length = graph.node('Gather', [graph.node('Shape', [ids]), graph.integers(1)]);
  const places = graph.node('Range', [graph.integers(0), length, graph.integers(1)]);
  return graph.node('Unsqueeze', [places, graph.integers([0])]);
}

/** ids (B, T) → (B, T, C), normalised. */
function encode(building: Building, ids: Value, turn: Rotation, mask?: Value): Value {
  let x = building.graph.node('Gather', [wordTable(building), ids]); // (B, T, C)
  for (let i = 0; i < building.config.numHiddenLayers; i++) {
    x = transformerLayer(building, x, `encoder.layer.${i}`, turn, mask);
  }
  return rmsNorm(building, x, 'encoder.norm.weight');
}

function transformerLayer(building: Building, x: Value, layer: string, turn: Rotation, mask?: Value): Value {
  const C = building.config.hiddenSize;
  const normed = rmsNorm(building, x, `${layer}.attention.norm.weight`);
  const qkv = linear(building, normed, `${layer}.attention.qkv.weight`, C, 3 * C);
  const attended = selfAttention(building, qkv, turn, mask);
  const projected = linear(building, attended, `${layer}.attention.output.dense.weight`, C, C);
  return feedForward(building, building.graph.node('Add', [x, projected]), layer);
}

function feedForward(building: Building, x: Value, layer: string): Value {
  const { hiddenSize: C, intermediateSize: F } = building.config;
  const normed = rmsNorm(building, x, `${layer}.intermediate.norm.weight`);
  const gated = geglu(building, linear(building, normed, `${layer}.intermediate.dense.weight`, C, 2 * F));
  return building.graph.node('Add', [x, linear(building, gated, `${layer}.output.dense.weight`, F, C)]);
}

/** One query a gap, (B, G, C): the learned vector, plus maps of the nearest visible states left and right when seeded. */
function gapQueries(building: Building, encoded: Value, positions: Value, gaps: Value): Value {
  const { graph, config } = building;
  const C = config.hiddenSize;
  const vector = parameter(building, 'decoder.query.bias', [C]);
  const apart = graph.node('Unsqueeze', [gaps, graph.integers([2])]); // (B, G, 1)
  if (config.decoderQueries === 'plain') {
    const sizes = graph.node('Concat', [graph.node('Shape', [gaps]), graph.integers([C])], { axis: 0 });
    return graph.node('Expand', [vector, sizes]);
  }
  const earlier = graph.node('Less', [graph.node('Unsqueeze', [positions, graph.integers([1])]), apart]); // (B, G, Tv)
  const counted = graph.node('Cast', [earlier], { to: DATA_TYPES.int64 });
  const count = graph.node('ReduceSum', [counted, graph.integers([2])]); // (B, G, 1)
  // With a row of zeros at either end, the neighbour to the left has the number of tokens before the gap for its index.
  const fenced = graph.node('Pad', [encoded, graph.integers([0, 1, 0, 0, 1, 0])]);
  const left = graph.node('GatherND', [fenced, count], { batch_dims: 1 }); // (B, G, C)
  const next = graph.node('Add', [count, graph.integers(1)]);
  const right = graph.node('GatherND', [fenced, next], { batch_dims: 1 });
  return graph.node('Add', [
    linear(building, left, 'decoder.query.left.weight', C, C, vector),
    linear(building, right, 'decoder.query.right.weight', C, C),
  ]);
}

function wordTable(building: Building): Value {
  const { vocabSize, hiddenSize } = building.config;
  return parameter(building, 'embeddings.word_embeddings.weight', [vocabSize, hiddenSize]);
}

/** hidden (B, G, C) → logits (B, G, V); a tied table stands in the file once. */
function vocabularyLogits(building: Building, hidden: Value): void {
  const { graph, config } = building;
  const V = config.vocabSize;
  const own = 'cls.predictions.decoder.weight';
  const rows =
    config.tieWordEmbeddings === false ? parameter(building, own, [V, config.hiddenSize]) : wordTable(building);
  const table = graph.node('Transpose', [rows], { perm: [1, 0] });
  const bias = parameter(building, 'cls.predictions.bias', [V]);
  const logits = graph.node('Add', [graph.node('MatMul', [hidden, table]), bias]);
  const about = 'One row of logits over the vocabulary a gap.';
  graph.output({ name: 'logits', type: 'float', shape: ['batch', 'gaps', V], about }, logits);
}
