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
  /** Without it the time left follows from how fast `fraction` grows under this label. */
  readonly etaSeconds?: number;
  /** Figures, e.g. `loss 4.21 · 4.4k tokens/s`. */
  readonly detail?: string;
}

const BAR_CELLS = 24;
const NARROW_BAR_CELLS = 8;
const REDRAW_MS = 100;
const PLAIN_LINE_MS = 10_000;

export class Progress {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #drawn = false;
  #last = Number.NEGATIVE_INFINITY;
  #pace: Pace | undefined;

  constructor(stream: ProgressStream, now: () => number = Date.now) {
    this.#stream = stream;
    this.#now = now;
  }

  /** Shows where things stand; calls that come too soon after the last one are dropped. */
  update(given: ProgressState): void {
    const terminal = this.#stream.isTTY === true;
    const now = this.#now();
    const state = { ...given, etaSeconds: given.etaSeconds ?? this.#etaSeconds(given, now) };
    if (now - this.#last < (terminal ? REDRAW_MS : PLAIN_LINE_MS)) return;
    this.#last = now;
    if (terminal) {
      this.#stream.write(`\r\u001b[2K${barLine(state, (this.#stream.columns ?? 80) - 1)}`);
      this.#drawn = true;
    } else {
      this.#stream.write(`${progressLine(state)}\n`);
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

  /** By the pace since the label's first update; a fraction that falls begins anew. */
  #etaSeconds({ label, fraction }: ProgressState, now: number): number | undefined {
    if (fraction === undefined) return undefined;
    const known = this.#pace;
    const pace =
      known?.label === label && fraction >= known.last ? { ...known, last: fraction } : begun(label, fraction, now);
    this.#pace = pace;
    const done = fraction - pace.first;
    return done > 0 ? (((now - pace.since) / done) * Math.max(0, 1 - fraction)) / 1000 : undefined;
  }
}

/** When and where a label began, and where it is. */
interface Pace {
  readonly label: string;
  readonly since: number;
  readonly first: number;
  readonly last: number;
}

function begun(label: string, fraction: number, now: number): Pace {
  return { label, since: now, first: fraction, last: fraction };
}

/** `pretrain 34 % · 3 min 20 s left · loss 4.21`, with a bar of so many cells behind the label. */
export function progressLine({ label, fraction, etaSeconds, detail }: ProgressState, cells = 0): string {
  const parts = [label];
  if (fraction !== undefined) {
    const done = Math.min(1, Math.max(0, fraction));
    const filled = Math.round(done * cells);
    const bar = cells > 0 ? ` ${'█'.repeat(filled)}${'░'.repeat(cells - filled)}` : '';
    parts[0] = `${label}${bar} ${Math.floor(done * 100)} %`;
  }
  if (etaSeconds !== undefined) parts.push(`${formatDuration(etaSeconds)} left`);
  if (detail !== undefined) parts.push(detail);
  return parts.join(' · ');
}

/** The line with a bar that gives way, down to a few cells, before anything is cut; the end of the detail goes first. */
export function barLine(state: ProgressState, width: number): string {
  const excess = progressLine(state, BAR_CELLS).length - width;
  const cells = Math.min(BAR_CELLS, Math.max(NARROW_BAR_CELLS, BAR_CELLS - excess));
  return progressLine(state, cells).slice(0, width);
}
