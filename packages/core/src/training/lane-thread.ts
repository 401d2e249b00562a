/** The program of one lane's worker thread in Node. */
import { parentPort, workerData } from 'node:worker_threads';
import { LacunaError } from '../errors.ts';
import { type LaneBackend, makeBackend } from './lane-backend-node.ts';
import type { LaneSetup } from './lane-messages.ts';
import { laneProgram } from './lane-program.ts';

const port = parentPort;
if (!port) throw new LacunaError('internal', 'lane: this module runs in a worker thread.');
const setup = workerData as LaneSetup<LaneBackend>;
port.on(
  'message',
  laneProgram(setup, makeBackend(setup.backend), (reply, memory) => port.postMessage(reply, memory)),
);
