/** Texts with gaps as the model fills them by now: its progress in words. */
import type { SamplesEvent } from '@lacuna/client/training';

/** As many as training draws: the room for them is there from the start. */
const ROWS = 3;
const MASK = '[MASK]';

export function Samples({ samples }: { readonly samples: SamplesEvent | undefined }) {
  const rows = samples?.samples.slice(0, ROWS) ?? [];
  return (
    <section class="samples" aria-labelledby="samples-title">
      <h3 id="samples-title">Gaps as it fills them now</h3>
      <ul>
        {Array.from({ length: ROWS }, (_, i) => {
          const row = rows[i];
          return <li key={row?.text ?? `empty ${i}`}>{row ? <Filled {...row} /> : <span class="muted">…</span>}</li>;
        })}
      </ul>
    </section>
  );
}

function Filled({ text, gaps }: SamplesEvent['samples'][number]) {
  return (
    <>
      {text.split(MASK).map((part, i) => {
        const gap = gaps[i];
        return (
          <span key={`${i} ${part}`}>
            {part}
            {gap && (
              <mark class="gap" title={`${(100 * gap.score).toFixed(0)} %`}>
                {gap.token}
              </mark>
            )}
          </span>
        );
      })}
    </>
  );
}
