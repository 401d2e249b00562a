/** The text as a line of words: a click, Enter or Space hides one or shows it again, arrow keys go along. */
import { Fragment } from 'preact';
import { useRef } from 'preact/hooks';
import { type GapText, gapsOf, type Word } from './gap-text.ts';
import { unbrokenRuns } from './unbroken.ts';

interface WordLineProps {
  readonly text: GapText;
  /** Counts from 0 among the parts. */
  readonly onToggle: (part: number) => void;
}

const STEPS: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowRight: (at, count) => Math.min(at + 1, count - 1),
  ArrowLeft: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, count) => count - 1,
};

export function WordLine({ text, onToggle }: WordLineProps) {
  const line = useRef<HTMLDivElement>(null);
  const gaps = gapsOf(text);
  // One stop for the Tab key: the word that was last focused, or the first.
  const stop = useRef(0);
  const words = text.flatMap((part, at) => (part.kind === 'word' ? [at] : []));
  const move = (event: KeyboardEvent) => {
    const buttons = [...(line.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = STEPS[event.key]?.(at, buttons.length);
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    buttons.forEach((button, i) => {
      button.tabIndex = i === next ? 0 : -1;
    });
    stop.current = next;
    buttons[next]?.focus();
  };
  const current = Math.min(stop.current, words.length - 1);
  return (
    <div
      class="word-line"
      role="toolbar"
      aria-label="Words: press one to hide it, or to show it again"
      ref={line}
      onKeyDown={move}
    >
      {unbrokenRuns(text).map(({ space, pieces }, run) => (
        <Fragment key={run}>
          {space}
          <span class="unbroken">
            {pieces.map((piece) =>
              'word' in piece ? (
                <WordButton
                  key={piece.part}
                  word={piece.word}
                  gap={gaps.indexOf(piece.part)}
                  isStop={words.indexOf(piece.part) === current}
                  onFocus={() => {
                    stop.current = words.indexOf(piece.part);
                  }}
                  onClick={() => onToggle(piece.part)}
                />
              ) : (
                piece.text
              ),
            )}
          </span>
        </Fragment>
      ))}
    </div>
  );
}

interface WordButtonProps {
  readonly word: Word;
  /** Which gap it is, from 0; below for a word that is there. */
  readonly gap: number;
  readonly isStop: boolean;
  readonly onFocus: () => void;
  readonly onClick: () => void;
}

function WordButton({ word, gap, isStop, onFocus, onClick }: WordButtonProps) {
  return (
    <button
      type="button"
      class={`word${word.isHidden ? ' hidden-word' : ''}${word.isFilled ? ' filled-word' : ''}`}
      aria-pressed={word.isHidden}
      aria-label={labelOf(word, gap)}
      tabIndex={isStop ? 0 : -1}
      onFocus={onFocus}
      onClick={onClick}
    >
      {word.isHidden ? <span class="gap-number">{gap + 1}</span> : word.text}
    </button>
  );
}

function labelOf({ text, isHidden, isFilled }: Word, gap: number): string | undefined {
  if (isHidden) return text === '' ? `Gap ${gap + 1}` : `Gap ${gap + 1}, hides ${text}`;
  return isFilled ? `${text}, filled in` : undefined;
}
