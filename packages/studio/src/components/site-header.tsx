/** The page's header: the five sections with ticks at what is done, what computes right now, and the theme. */
import type { Signal } from '@preact/signals';
import { type Project, SECTIONS, type SectionId } from '../project.ts';
import { THEMES, type Theme } from '../theme.ts';

interface SiteHeaderProps {
  readonly project: Project;
  readonly section: SectionId;
  readonly titles: Readonly<Record<SectionId, string>>;
  readonly theme: Signal<Theme>;
}

export function SiteHeader({ project, section, titles, theme }: SiteHeaderProps) {
  return (
    <header class="site-header">
      <a class="brand" href="#data" aria-label="Lacuna Studio, to the first section">
        <span class="brand-mark" aria-hidden="true" />
        Lacuna <span class="brand-sub">Studio</span>
      </a>
      <nav aria-label="Sections">
        <ol class="steps">
          {SECTIONS.map((id, i) => (
            <li key={id}>
              <Step project={project} id={id} number={i + 1} title={titles[id]} isCurrent={id === section} />
            </li>
          ))}
        </ol>
      </nav>
      <ThemeSwitch theme={theme} />
    </header>
  );
}

interface StepProps {
  readonly project: Project;
  readonly id: SectionId;
  readonly number: number;
  readonly title: string;
  readonly isCurrent: boolean;
}

function Step({ project, id, number, title, isCurrent }: StepProps) {
  const isDone = project.reached.value.has(id);
  const isBusy = project.activity.value?.section === id;
  return (
    <a class="step" href={`#${id}`} aria-current={isCurrent ? 'page' : undefined}>
      <span class={`step-mark${isDone ? ' done' : ''}${isBusy ? ' busy' : ''}`} aria-hidden="true">
        {isDone ? '✓' : number}
      </span>
      {title}
      {isBusy && <span class="visually-hidden"> (working)</span>}
      {isDone && !isBusy && <span class="visually-hidden"> (done)</span>}
    </a>
  );
}

const SIGNS: Readonly<Record<Theme, string>> = { system: '◐', light: '☀', dark: '☾' };

function ThemeSwitch({ theme }: { readonly theme: Signal<Theme> }) {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] as Theme;
  return (
    <button
      type="button"
      class="theme-switch"
      onClick={() => {
        theme.value = next;
      }}
      aria-label={`Theme: ${theme.value}. Change to ${next}.`}
      title={`Theme: ${theme.value}`}
    >
      <span aria-hidden="true">{SIGNS[theme.value]}</span>
    </button>
  );
}
