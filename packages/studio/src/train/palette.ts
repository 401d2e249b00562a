/** The page's colours for what is drawn on a canvas, which knows no custom properties. */

export interface Palette {
  readonly curves: readonly string[];
  readonly muted: string;
  readonly line: string;
  readonly font: string;
}

export const CURVE_COLORS = 5;

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    curves: Array.from({ length: CURVE_COLORS }, (_, i) => read(`--curve-${i + 1}`)),
    muted: read('--muted'),
    line: read('--line'),
    font: `12px ${read('--font')}`,
  };
}
