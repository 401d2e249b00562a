/** Listens to a training run: draws progress, writes the log, saves checkpoints, and sums it up at the end. */
import type { RunDescription, TrainingEvent } from '@lacuna/core';
import { saveCheckpoint } from '@lacuna/core/node';
import type { Answer, Session } from './command.ts';
import { formatDuration, formatQuantity } from './quantity.ts';
import type { RunFolder } from './run-folder.ts';

export interface FollowOptions {
  readonly label: string;
  readonly folder: RunFolder;
  readonly description: RunDescription;
  /** The command that goes on from the checkpoint. */
  readonly resumeLine: string;
  /** Said at the end of a complete run. */
  readonly nextLine: string;
  /** Fields for the JSON answer beside those of the run. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly session: Session;
}

const LOG_EVERY_MS = 1_000;

/** Runs the events to their end. An interrupted run answers with exit code 130 and how to resume. */
export async function followTraining(events: AsyncIterable<TrainingEvent>, options: FollowOptions): Promise<Answer> {
  const { label, folder, description, session } = options;
  let loss: number | undefined;
  let tokensPerSecond: number | undefined;
  let loggedAt = Number.NEGATIVE_INFINITY;
  for await (const event of events) {
    if (event.type === 'progress') {
      ({ loss, tokensPerSecond } = event);
      const { fraction, etaSeconds } = event;
      session.progress.update({ label, fraction, etaSeconds, detail: progressDetail(event) });
      if (performance.now() - loggedAt > LOG_EVERY_MS) {
        loggedAt = performance.now();
        folder.log(event as unknown as Record<string, unknown>);
      }
    } else if (event.type === 'evaluation') {
      folder.log(event as unknown as Record<string, unknown>);
      session.progress.note(
        `${label}: step ${event.step}, ${formatQuantity(event.tokens)} tokens: ${figures(event.metrics)}`,
      );
    } else if (event.type === 'checkpoint') {
      await saveCheckpoint(folder.checkpoint, { ...description, state: await event.state() });
      folder.log({ type: 'checkpoint', step: event.step, tokens: event.tokens, reason: event.reason });
    } else {
      const { step, tokens, seconds, complete, metrics } = event;
      folder.log({ type: 'done', step, tokens, seconds, complete, metrics });
      const run = { out: folder.path, step, tokens, seconds: round(seconds), loss, tokensPerSecond, complete };
      const sum = `${formatQuantity(tokens)} tokens in ${step} steps and ${formatDuration(seconds)}`;
      const saved = `Saved ${folder.checkpoint}`;
      const lines = complete
        ? [`Trained on ${sum}${metrics ? `: ${figures(metrics)}` : ''}.`, `${saved}.`, options.nextLine]
        : [`Interrupted after ${sum}. ${saved}.`, `Resume with: ${options.resumeLine}`];
      return {
        fields: {
          ...options.fields,
          ...run,
          ...(metrics === undefined ? {} : { metrics }),
          ...(complete ? {} : { resume: options.resumeLine }),
        },
        text: lines.join('\n'),
        exitCode: complete ? 0 : 130,
      };
    }
  }
  throw new Error('training ended without saying so');
}

function progressDetail(event: Extract<TrainingEvent, { type: 'progress' }>): string {
  return [
    `loss ${event.loss.toFixed(3)}`,
    `${formatQuantity(event.tokens)} tokens`,
    `${formatQuantity(Math.round(event.tokensPerSecond))} tokens/s`,
    `step ${event.step}`,
  ].join(' · ');
}

/** `top1 0.251 · top5 0.430 · cross-entropy 4.52 (12.3k tokens)`, or the like for labels. */
export function figures(metrics: object): string {
  const { tokens, examples, ...rest } = metrics as Record<string, number>;
  const named = Object.entries(rest).map(
    ([name, value]) => `${name} ${value < 10 ? value.toFixed(4) : value.toFixed(1)}`,
  );
  const count = tokens === undefined ? `${examples} examples` : `${formatQuantity(tokens)} removed tokens`;
  return `${named.join(' · ')} (${count})`;
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
