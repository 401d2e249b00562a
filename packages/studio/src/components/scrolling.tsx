/** A part of the page that scrolls by itself: by keyboard too, and with a name. */
import type { ComponentChildren } from 'preact';

interface ScrollingProps {
  readonly label: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function Scrolling({ label, class: name = '', children }: ScrollingProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section class={`scrolling ${name}`} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
