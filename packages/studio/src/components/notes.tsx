/** Boxes that say something: nothing here yet, something to mind, something that failed. */
import type { ComponentChildren } from 'preact';
import { describeError } from '../describe-error.ts';

interface EmptyStateProps {
  readonly title: string;
  readonly children?: ComponentChildren;
}

export function EmptyState({ title, children }: EmptyStateProps) {
  return (
    <div class="empty-state">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

interface NoteProps {
  readonly kind?: 'info' | 'warning' | 'good';
  readonly children: ComponentChildren;
}

export function Note({ kind = 'info', children }: NoteProps) {
  return <div class={`note ${kind}`}>{children}</div>;
}

interface ErrorNoteProps {
  readonly error: unknown;
  /** What to do about it, where the message does not say. */
  readonly children?: ComponentChildren;
}

/** An error with its code, told to screen readers at once. */
export function ErrorNote({ error, children }: ErrorNoteProps) {
  const { code, message } = describeError(error);
  return (
    <div class="note error" role="alert">
      <p>
        {message} <code class="error-code">{code}</code>
      </p>
      {children}
    </div>
  );
}
