/** The program of one lane's worker thread in Node: builds its backend, then answers the coordinator's requests. */
import { parentPort, workerData } from 'node:worker_threads';
import { LacunaError } from '../errors.ts';
import { allReduce, failLanes, slotOf } from './all-reduce.ts';
import { Lane } from './lane.ts';
import { makeBackend } from './lane-backend-node.ts';
import { memoryBytesOf } from './lanes.ts';
import type { LaneReply, LaneRequest, LaneSetup } from './lanes-node.ts';

const setup = workerData as LaneSetup;

async function answer(lane: Lane, request: LaneRequest): Promise<unknown> {
  switch (request.kind) {
    case 'step': {
      const { part, options } = request;
      await lane.gradient(part.batch, part.share, part.from, options);
      const { loss: share } = await lane.report();
      await lane.ops.readGroup(lane.gradients, slotOf(setup.shared, setup.lane));
      const { gradient, loss } = allReduce(setup.shared, setup.lane, share);
      lane.ops.writeGroup(lane.gradients, gradient);
      if (Number.isFinite(loss)) await lane.update(options);
      const { gradientNorm } = await lane.report();
      return { loss, gradientNorm: Number.isFinite(loss) ? gradientNorm : Number.NaN };
    }
    case 'score':
      return lane.score(request.batch, request.weights, request.passTokens);
    case 'read':
      return lane.read();
    case 'write':
      return lane.write(request.state);
    case 'memory':
      return memoryBytesOf(lane.ops);
  }
}

/** The error as plain data; a lane that only saw another one fail says so. */
function failure(error: unknown): LaneReply {
  const known = error instanceof LacunaError;
  return {
    failed: {
      code: known ? error.code : 'internal',
      message: error instanceof Error ? error.message : String(error),
      secondary: known && error.facts.secondary === true,
    },
  };
}

const port = parentPort;
if (!port) throw new LacunaError('internal', 'lane: this module runs in a worker thread.');
const lane = makeBackend(setup.backend).then((ops) => new Lane(ops, setup.task));
port.on('message', async (request: LaneRequest) => {
  try {
    port.postMessage({ value: await answer(await lane, request) } satisfies LaneReply);
  } catch (error) {
    failLanes(setup.shared);
    port.postMessage(failure(error));
  }
});
