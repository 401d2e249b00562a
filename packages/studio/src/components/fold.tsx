/** What most people need not see, behind a line that opens it. */
import type { ComponentChildren } from 'preact';

interface FoldProps {
  readonly title: string;
  readonly open?: boolean;
  readonly children: ComponentChildren;
}

export function Fold({ title, open, children }: FoldProps) {
  return (
    <details class="fold" open={open}>
      <summary>{title}</summary>
      <div class="fold-body">{children}</div>
    </details>
  );
}
