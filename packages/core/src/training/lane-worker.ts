/** The program of one lane's Web Worker: its first message is the setup, all others are requests. */
import { type BrowserBackend, makeBrowserBackend } from '../backends/load-browser.ts';
import type { LaneReply, LaneSetup } from './lane-messages.ts';
import { laneProgram } from './lane-program.ts';

/** The part of a dedicated worker's scope that a lane uses. */
interface LaneScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(reply: LaneReply, memory: ArrayBuffer[]): void;
}

const scope = self as unknown as LaneScope;
scope.onmessage = ({ data }: MessageEvent<LaneSetup<BrowserBackend>>) => {
  const answer = laneProgram(data, makeBrowserBackend(data.backend), (reply, memory) =>
    scope.postMessage(reply, memory),
  );
  scope.onmessage = (event) => void answer(event.data);
};
