/** A request that failed, with what one can do about it. */
import { LacunaError } from '@lacuna/core/errors';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ErrorNote } from '../components/notes.tsx';
import { adviceFor, isReachable } from './advice.ts';

interface FailureNoteProps {
  readonly error: unknown;
  /** Of the service that was asked. */
  readonly address: string;
}

export function FailureNote({ error, address }: FailureNoteProps) {
  const reachable = useSignal<boolean | undefined>(undefined);
  const code = error instanceof LacunaError ? error.code : 'internal';
  useEffect(() => {
    reachable.value = undefined;
    if (code !== 'network') return;
    let isCurrent = true;
    void isReachable(address).then((answers) => {
      if (isCurrent) reachable.value = answers;
    });
    return () => {
      isCurrent = false;
    };
  }, [error, address]);
  const isLooking = code === 'network' && reachable.value === undefined;
  const advice = isLooking
    ? 'Looking whether anything answers there…'
    : adviceFor({ code, address, origin: location.origin, isReachable: reachable.value === true });
  // A browser tells no page why it got no answer: what can be found out stands below.
  const shown =
    code === 'network' ? new LacunaError(code, `${address} gave no answer that this page may read.`) : error;
  return <ErrorNote error={shown}>{advice && <p>{withCode(advice)}</p>}</ErrorNote>;
}

/** What stands between backquotes is code. */
function withCode(text: string) {
  return text.split('`').map((piece, i) => (i % 2 === 1 ? <code key={i}>{piece}</code> : piece));
}
