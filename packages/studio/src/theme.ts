/** Light, dark, or as the system has it: kept in `localStorage`, shown by an attribute of the root element. */
import { effect, type Signal, signal } from '@preact/signals';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'lacuna-theme';

export function keptTheme(): Signal<Theme> {
  const stored = read();
  const theme = signal<Theme>(THEMES.find((name) => name === stored) ?? 'system');
  const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
  const system = signal(systemIsDark.matches);
  systemIsDark.addEventListener('change', ({ matches }) => {
    system.value = matches;
  });
  effect(() => {
    const isDark = theme.value === 'dark' || (theme.value === 'system' && system.value);
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
  });
  effect(() => {
    try {
      localStorage.setItem(KEY, theme.value);
    } catch {} // a page without storage has the theme until it is closed
  });
  return theme;
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
