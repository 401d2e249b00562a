import { describeBackend } from '../conformance.ts';
import { describeVocabulary } from '../conformance-vocabulary.ts';
import { loadTfjsWasmBackend } from './load-node.ts';

// Its matrix product adds up 180,001 terms in a row.
const demands = { tolerance: 1e-5, tolerances: { chunks: 2e-5, 'gradients of chunks': 5e-4 } };

describeBackend('tfjs-wasm', loadTfjsWasmBackend, demands);
describeVocabulary('tfjs-wasm', loadTfjsWasmBackend, demands);
