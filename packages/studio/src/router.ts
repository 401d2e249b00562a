/** Which section the address names: `#data`, `#train`, … Going back and forth is the browser's own. */
import { type Signal, signal } from '@preact/signals';
import { SECTIONS, type SectionId } from './project.ts';

/** The section of `location.hash`; the first one for any other. Follows the address as long as the page lives. */
export function followAddress(): Signal<SectionId> {
  const read = () => SECTIONS.find((section) => `#${section}` === location.hash) ?? SECTIONS[0];
  const section = signal<SectionId>(read());
  addEventListener('hashchange', () => {
    section.value = read();
  });
  return section;
}

export function goTo(section: SectionId): void {
  location.hash = section;
}
