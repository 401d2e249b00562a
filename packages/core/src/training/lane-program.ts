/** What a lane's thread does, in Node and in a browser: it answers its group's requests, one at a time. */
import { LacunaError } from '../errors.ts';
import type { TrainableOps } from '../ops/trainable-ops.ts';
import { allReduce, failLanes, slotOf } from './all-reduce.ts';
import { Lane, type StepOptions, type StepResult } from './lane.ts';
import { handedOver, type LaneGradient, type LaneReply, type LaneRequest, type LaneSetup } from './lane-messages.ts';
import { memoryBytesOf } from './lanes.ts';

/** Builds the lane on `ops` and gives what answers a request. `post` sends a reply, and hands over its memory. */
export function laneProgram(
  setup: LaneSetup<unknown>,
  ops: Promise<TrainableOps>,
  post: (reply: LaneReply, memory: ArrayBuffer[]) => void,
): (request: LaneRequest) => Promise<void> {
  const program = ops.then((made) => new LaneProgram(new Lane(made, setup.task), setup));
  program.catch(() => {}); // told at the first request
  return async (request) => {
    try {
      const value = await (await program).answer(request);
      post({ value }, handedOver(value));
    } catch (error) {
      if (setup.shared) failLanes(setup.shared);
      post(failure(error), []);
    }
  };
}

class LaneProgram {
  readonly #lane: Lane;
  readonly #setup: LaneSetup<unknown>;
  /** Where the gradient is read to when it is posted; comes back with the sum. */
  #buffer: Float32Array<ArrayBuffer>;

  constructor(lane: Lane, setup: LaneSetup<unknown>) {
    this.#lane = lane;
    this.#setup = setup;
    this.#buffer = new Float32Array(setup.shared ? 0 : lane.gradients.size);
  }

  async answer(request: LaneRequest): Promise<unknown> {
    const lane = this.#lane;
    switch (request.kind) {
      case 'step': {
        const { part, options } = request;
        await lane.gradient(part.batch, part.share, part.from, options);
        const { loss } = await lane.report();
        const { shared } = this.#setup;
        if (!shared) {
          await lane.ops.readGroup(lane.gradients, this.#buffer);
          return { gradient: this.#buffer, loss } satisfies LaneGradient;
        }
        await lane.ops.readGroup(lane.gradients, slotOf(shared, this.#setup.lane));
        return this.#update(allReduce(shared, this.#setup.lane, loss), options);
      }
      case 'update':
        this.#buffer = request.sum.gradient;
        return this.#update(request.sum, request.options);
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

  async #update(sum: { gradient: Float32Array; loss: number }, options: StepOptions): Promise<StepResult> {
    const { gradient, loss } = sum;
    this.#lane.ops.writeGroup(this.#lane.gradients, gradient);
    if (Number.isFinite(loss)) await this.#lane.update(options);
    const { gradientNorm } = await this.#lane.report();
    return { loss, gradientNorm: Number.isFinite(loss) ? gradientNorm : Number.NaN };
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
