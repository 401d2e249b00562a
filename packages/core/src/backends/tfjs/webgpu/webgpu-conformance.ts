/** The conformance suite for the WebGPU backend, wherever there is an adapter. Tests only. */
import { describeBackend } from '../../conformance.ts';
import { describeVocabulary } from '../../conformance-vocabulary.ts';
import { createWebgpuBackend } from './load.ts';

export function describeWebgpu(gpu: GPU): void {
  // An adapter by software is slow: fewer draws, and chunks of logits that are small instead of vocabularies that are large.
  const demands = { tolerance: 2e-5, rounds: 4, pieces: 1001 };
  const float = createWebgpuBackend(gpu, { halves: false, chunkValues: 2500 });
  describeBackend('webgpu', () => float, demands);
  describeVocabulary('webgpu', () => float, demands);
  // Gradients of logits in 16 bits carry 11 of them. This one does without subgroups, too.
  const half = createWebgpuBackend(gpu, { halves: true, subgroups: false, chunkValues: 2500 });
  const rounded = { tolerance: 2e-5, tolerances: { 'gradients of chunks': 1e-3 }, pieces: 1000 };
  describeVocabulary('webgpu with 16-bit gradients of logits, without subgroups', () => half, rounded);
}
