/** The shell: a header that shows how far one has come, and the section that the address names. */
import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { SiteHeader } from './components/site-header.tsx';
import { DataSection } from './data/data-section.tsx';
import { DistilSection } from './distil/distil-section.tsx';
import { type Project, SECTIONS, type SectionId } from './project.ts';
import { PublishSection } from './publish/publish-section.tsx';
import type { Theme } from './theme.ts';
import { TrainSection } from './train/train-section.tsx';
import { TrySection } from './try/try-section.tsx';

const VIEWS = {
  data: DataSection,
  train: TrainSection,
  try: TrySection,
  distil: DistilSection,
  publish: PublishSection,
} as const;

const TITLES: Readonly<Record<SectionId, string>> = {
  data: 'Data',
  train: 'Train',
  try: 'Try',
  distil: 'Distil',
  publish: 'Publish',
};

interface AppProps {
  readonly project: Project;
  readonly section: Signal<SectionId>;
  readonly theme: Signal<Theme>;
}

/** Sections that were opened once stay, hidden: what was typed in one is there when one comes back. */
export function App({ project, section, theme }: AppProps) {
  const main = useRef<HTMLElement>(null);
  const opened = useRef(new Set<SectionId>());
  const current = section.value;
  const isFirst = opened.current.size === 0;
  opened.current.add(current);
  useEffect(() => {
    document.title = `${TITLES[current]} · Lacuna Studio`;
    if (isFirst) return;
    // Whoever follows a link by keyboard or screen reader lands on what it led to.
    main.current?.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }, [current]);
  return (
    <>
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to the section
      </button>
      <SiteHeader project={project} section={current} titles={TITLES} theme={theme} />
      <main id="main" ref={main} tabIndex={-1} aria-label={TITLES[current]}>
        {SECTIONS.filter((id) => opened.current.has(id)).map((id) => {
          const View = VIEWS[id];
          return (
            <div key={id} hidden={id !== current}>
              <View project={project} />
            </div>
          );
        })}
      </main>
    </>
  );
}
