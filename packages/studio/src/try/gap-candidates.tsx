/** Candidates of one gap as bars: choosing one puts it in. */
import type { Candidate } from '@lacuna/client/local';
import { percent } from '../format.ts';

interface GapCandidatesProps {
  /** Counted from 0. */
  readonly gap: number;
  /** What stood there, where that is known. */
  readonly hidden: string;
  readonly candidates: readonly Candidate[];
  readonly onChoose: (candidate: Candidate) => void;
}

export function GapCandidates({ gap, hidden, candidates, onChoose }: GapCandidatesProps) {
  const most = candidates[0]?.score ?? 1;
  return (
    <section class="gap-card" aria-label={`Gap ${gap + 1}`}>
      <h3>
        <span class="gap-number">{gap + 1}</span> {hidden ? <span class="muted">hides “{hidden}”</span> : 'Gap'}
      </h3>
      <ul class="candidates">
        {candidates.map((candidate) => {
          const wasThere = candidate.token_str.toLowerCase() === hidden.toLowerCase();
          return (
            <li key={candidate.token}>
              <button type="button" class="candidate" onClick={() => onChoose(candidate)}>
                <span class="candidate-word">
                  <span class="visually-hidden">Put in </span>
                  {candidate.token_str}
                  {wasThere && <span class="was-there"> ✓</span>}
                  {wasThere && <span class="visually-hidden"> (the hidden word)</span>}
                </span>
                {/* Read aloud, the word and its share are two. */ ' '}
                <span class="bar-track">
                  <span class="bar-fill" style={{ width: `${(candidate.score / most) * 100}%` }} />
                </span>
                <span class="bar-value">{percent(candidate.score)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
