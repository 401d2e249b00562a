import { describeRanks } from '../conformance-vocabulary.ts';
import { referenceBackend } from './training.ts';

describeRanks('reference', async () => referenceBackend());
