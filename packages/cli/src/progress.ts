/** Progress on standard error: one bar that redraws itself on a terminal, a plain line now and then elsewhere. */
import { formatDuration } from './quantity.ts';

/** Where progress goes: `process.stderr`, or anything that looks like it. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressState {
  /** What is going on, e.g. `pretrain`. */
  readonly label: string;
  /** Done so far, 0 to 1; undefined where the end is not known. */
  readonly fraction?: number;
  readonly etaSeconds?: number;
  /** Figures, e.g. `loss 4.21 · 4.4k tokens/s`. */
  readonly detail?: string;
}

const BAR_CELLS = 24;
const REDRAW_MS = 100;
const PLAIN_LINE_MS = 10_000;

export class Progress {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #drawn = false;
  #last = Number.NEGATIVE_INFINITY;

  constructor(stream: ProgressStream, now: () => number = Date.now) {
    this.#stream = stream;
    this.#now = now;
  }

  /** Shows where things stand; calls that come too soon after the last one are dropped. */
  update(state: ProgressState): void {
    const terminal = this.#stream.isTTY === true;
    const now = this.#now();
    if (now - this.#last < (terminal ? REDRAW_MS : PLAIN_LINE_MS)) return;
    this.#last = now;
    if (terminal) {
      const width = (this.#stream.columns ?? 80) - 1;
      this.#stream.write(`\r\u001b[2K${progressLine(state, true).slice(0, width)}`);
      this.#drawn = true;
    } else {
      this.#stream.write(`${progressLine(state, false)}\n`);
    }
  }

  /** A line that stays, above the bar. */
  note(line: string): void {
    this.clear();
    this.#stream.write(`${line}\n`);
    this.#last = this.#stream.isTTY === true ? Number.NEGATIVE_INFINITY : this.#last;
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[2K');
    this.#drawn = false;
  }
}

/** `pretrain ████████░░░░ 34 % · loss 4.21 · 3 min 20 s left` */
export function progressLine(state: ProgressState, bar: boolean): string {
  const parts: string[] = [];
  if (state.fraction === undefined) parts.push(state.label);
  else {
    const fraction = Math.min(1, Math.max(0, state.fraction));
    const filled = Math.round(fraction * BAR_CELLS);
    const cells = bar ? ` ${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}` : '';
    parts.push(`${state.label}${cells} ${Math.floor(fraction * 100)} %`);
  }
  if (state.detail !== undefined) parts.push(state.detail);
  if (state.etaSeconds !== undefined) parts.push(`${formatDuration(state.etaSeconds)} left`);
  return parts.join(' · ');
}
