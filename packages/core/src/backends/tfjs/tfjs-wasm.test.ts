import { describeBackend } from '../conformance.ts';
import { describeVocabulary } from '../conformance-vocabulary.ts';
import { loadTfjsWasmBackend } from './load-node.ts';

describeBackend('tfjs-wasm', loadTfjsWasmBackend, 2e-5);
describeVocabulary('tfjs-wasm', loadTfjsWasmBackend, 2e-5);
