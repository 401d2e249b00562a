/** How long the last answer took, in a place that keeps its width. */
import { duration } from '../format.ts';

interface AnswerTimeProps {
  readonly isBusy: boolean;
  readonly ms: number | undefined;
}

export function AnswerTime({ isBusy, ms }: AnswerTimeProps) {
  return (
    <span class="answer-time number">
      {ms === undefined ? (isBusy ? 'Asking…' : '') : `Answered in ${duration(ms)}`}
      <span class={`busy-dot${isBusy ? ' busy' : ''}`} aria-hidden="true" />
    </span>
  );
}
