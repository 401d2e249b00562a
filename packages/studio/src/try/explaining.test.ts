import type { AttentionMap } from '@lacuna/client/local';
import { expect, it } from 'vitest';
import { headWeights, mapName, strongest } from './attention.ts';
import { decisive, signed, tintedPieces } from './attribution.ts';

const map: AttentionMap = {
  kind: 'self',
  layer: 1,
  heads: 2,
  queries: 2,
  keys: 3,
  weights: Float32Array.of(0.5, 0.5, 0, 0, 0, 1, 0.25, 0, 0.75, 1, 0, 0),
};

it('a head’s map is its own weights, and the mean’s rows still sum to 1', () => {
  expect([...headWeights(map, 1)]).toEqual([0.25, 0, 0.75, 1, 0, 0]);
  const mean = headWeights(map, 'mean');
  expect([...mean]).toEqual([0.375, 0.25, 0.375, 0.5, 0, 0.5]);
  expect(mean.subarray(3).reduce((a, b) => a + b)).toBe(1);
});

it('a row’s strongest keys come first, the earlier one of equals', () => {
  expect(strongest(headWeights(map, 'mean'), 0, 3, 2)).toEqual([
    { key: 0, weight: 0.375 },
    { key: 2, weight: 0.375 },
  ]);
  expect([mapName(map), mapName({ ...map, kind: 'cross', layer: 0 })]).toEqual([
    'Encoder layer 2',
    'Decoder layer 1, from the gaps',
  ]);
});

const token = (piece: string, attribution: number) => ({ piece, attribution, position: 0 });

it('pieces are words again: without separators, ## and spaces before points', () => {
  const pieces = tintedPieces([
    token('[SEP]', 0),
    token('un', 0.1),
    token('##real', -2),
    token('fun', 1),
    token('.', 0),
    token('[SEP]', 0),
  ]);
  const text = pieces.map((piece) => (piece.hasSpace ? ' ' : '') + piece.text).join('');
  expect(text).toBe('unreal fun.');
  expect(pieces.map(({ strength }) => strength)).toEqual([0.05, 1, 0.5, 0]);
});

it('what decides is told with its sign, and what hardly counts is left out', () => {
  const pieces = tintedPieces([token('dull', -1.2), token('film', 0.05), token('brilliant', 2)]);
  const { forIt, against } = decisive(pieces);
  expect(forIt.map(({ text }) => text)).toEqual(['brilliant']);
  expect(against.map(({ text }) => text)).toEqual(['dull']);
  expect([signed(2), signed(-1.2)]).toEqual(['+2.00', '−1.20']);
});
