/** What went wrong, and what to do about it. */
import { ErrorNote, Note } from '../components/notes.tsx';
import { describeError } from '../describe-error.ts';
import { ADVICE } from './advice.ts';

export function TrainError({ error }: { readonly error: unknown }) {
  const advice = ADVICE[describeError(error).code];
  return <ErrorNote error={error}>{advice && <p>{advice}</p>}</ErrorNote>;
}

/** Of a run that goes on. */
export function TrainWarning({ code, message }: { readonly code: string; readonly message: string }) {
  const advice = ADVICE[code];
  return (
    <Note kind="warning">
      <p>
        {message} <code class="error-code">{code}</code>
      </p>
      {advice && <p>{advice}</p>}
    </Note>
  );
}
