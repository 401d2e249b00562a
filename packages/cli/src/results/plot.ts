/**
 * Plots as SVG files: lines over an axis, and differences with their intervals. They have no background and turn their
 * colours over where the reader's system is dark; every line has a dash of its own beside its colour.
 */

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LinePlot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  /** Powers of ten stand at equal distances; points at 0 and below are left out. */
  readonly logX?: boolean;
}

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Thick and thin: e.g. over texts and over seeds. */
  readonly intervals: readonly (readonly [number, number])[];
}

export interface BarPlot {
  readonly title: string;
  readonly xLabel: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 720;
const PLOT = { left: 72, right: 16, top: 36, height: 300 };
const LEGEND_ROW = 20;
const DASHES = ['', '6 3', '2 3', '8 3 2 3', '12 4', '4 2 1 2 1 2'];
/** Near Okabe and Ito's, which people with few colours tell apart too, as bright as both grounds allow. */
const COLOURS = ['#2f8fd8', '#d55e00', '#00a17a', '#cc79a7', '#8e7cf0', '#b98900'];
const STYLE = [
  'text{font:13px system-ui,sans-serif;fill:#24292f}',
  '.title{font-weight:600}',
  '.grid{stroke:#d0d7de}',
  '.axis{stroke:#57606a}',
  '.line{fill:none;stroke-width:2}',
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#3d444d}.axis{stroke:#9198a1}}',
].join('');

/** Curves, with a legend of them below. */
export function linePlot({ title, xLabel, yLabel, lines: given, logX = false }: LinePlot): string {
  const lines = logX ? given.map(inLogarithms) : given;
  const all = lines.flatMap(({ points }) => points);
  const ends = [Math.min(...all.map(([x]) => x)), Math.max(...all.map(([x]) => x))] as const;
  const xTicks = logX ? powers(...ends) : ticks(0, ends[1]);
  const xShown = (tick: number) => (logX ? quantity(10 ** tick) : shown(tick, xTicks));
  const yTicks = ticks(Math.min(...all.map(([, y]) => y)), Math.max(...all.map(([, y]) => y)));
  const x = scale(xTicks, PLOT.left, WIDTH - PLOT.right);
  const y = scale(yTicks, PLOT.top + PLOT.height, PLOT.top);
  const bottom = PLOT.top + PLOT.height;
  const parts = [
    text(PLOT.left, 20, title, 'title'),
    ...yTicks.flatMap((tick) => [
      segment(PLOT.left, y(tick), WIDTH - PLOT.right, y(tick), 'grid'),
      text(PLOT.left - 8, y(tick) + 4, shown(tick, yTicks), '', 'end'),
    ]),
    ...xTicks.map((tick) => text(x(tick), bottom + 18, xShown(tick), '', 'middle')),
    segment(PLOT.left, bottom, WIDTH - PLOT.right, bottom, 'axis'),
    text((PLOT.left + WIDTH - PLOT.right) / 2, bottom + 38, xLabel, '', 'middle'),
    `<text transform="translate(14 ${bottom - PLOT.height / 2}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>`,
    ...lines.map(({ points }, i) => {
      const path = points.map(([px, py]) => `${round(x(px))},${round(y(py))}`).join(' ');
      return `<polyline class="line" points="${path}" ${look(i)}/>`;
    }),
    ...lines.flatMap(({ name }, i) => {
      const [column, row] = [i % 2, Math.floor(i / 2)];
      const [left, at] = [PLOT.left + column * 320, bottom + 62 + row * LEGEND_ROW];
      return [
        `<line class="line" x1="${left}" y1="${at - 4}" x2="${left + 36}" y2="${at - 4}" ${look(i)}/>`,
        text(left + 44, at, name),
      ];
    }),
  ];
  return document(title, bottom + 62 + Math.ceil(lines.length / 2) * LEGEND_ROW, parts);
}

/** Values around 0 in rows, with intervals around them. */
export function barPlot({ title, xLabel, bars }: BarPlot): string {
  const left = 200;
  const row = 28;
  const values = bars.flatMap(({ value, intervals }) => [value, ...intervals.flat()]);
  const xTicks = ticks(Math.min(0, ...values), Math.max(0, ...values));
  const x = scale(xTicks, left, WIDTH - PLOT.right);
  const bottom = PLOT.top + bars.length * row;
  const parts = [
    text(PLOT.right, 20, title, 'title'),
    ...xTicks.flatMap((tick) => [
      segment(x(tick), PLOT.top, x(tick), bottom, tick === 0 ? 'axis' : 'grid'),
      text(x(tick), bottom + 18, shown(tick, xTicks), '', 'middle'),
    ]),
    text((left + WIDTH - PLOT.right) / 2, bottom + 38, xLabel, '', 'middle'),
    ...bars.flatMap(({ name, value, intervals }, i) => {
      const at = PLOT.top + (i + 0.5) * row;
      const colour = `stroke="${COLOURS[0]}"`;
      const lines = intervals.map(
        ([from, to], k) =>
          `<line x1="${round(x(from))}" y1="${at}" x2="${round(x(to))}" y2="${at}" ${colour} stroke-width="${k === 0 ? 6 : 2}"/>`,
      );
      const dot = `<circle cx="${round(x(value))}" cy="${at}" r="5" fill="${COLOURS[1]}"/>`;
      return [text(left - 12, at + 4, name, '', 'end'), ...lines, dot];
    }),
  ];
  return document(title, bottom + 50, parts);
}

/** Four to ten round numbers that hold both ends between them. */
export function ticks(from: number, to: number): number[] {
  const span = to - from || Math.abs(to) || 1;
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((size) => span / size <= 6) ?? 10 * power;
  const first = Math.floor(from / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(to / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

const inLogarithms = ({ name, points }: Line): Line => ({
  name,
  points: points.flatMap(([x, y]) => (x > 0 ? [[Math.log10(x), y] as const] : [])),
});

/** Whole numbers from below `from` to above `to`. */
function powers(from: number, to: number): number[] {
  const first = Math.floor(from);
  return Array.from({ length: Math.max(2, Math.ceil(to) - first + 1) }, (_, i) => first + i);
}

/** A power of ten, short. */
function quantity(value: number): string {
  const [unit, sign] = value >= 1e9 ? [1e9, 'G'] : value >= 1e6 ? [1e6, 'M'] : value >= 1e3 ? [1e3, 'k'] : [1, ''];
  return `${Number((value / unit).toPrecision(6))}${sign}`;
}

function scale(marks: readonly number[], from: number, to: number): (value: number) => number {
  const [first, last] = [marks[0] as number, marks.at(-1) as number];
  return (value) => from + ((value - first) / (last - first)) * (to - from);
}

/** As many decimals as the ticks' distance has; thousands and millions short. */
function shown(value: number, marks: readonly number[]): string {
  const step = Number(((marks[1] as number) - (marks[0] as number)).toPrecision(6));
  const last = Math.abs(marks.at(-1) as number);
  const [unit, sign] = last >= 2e6 ? [1e6, 'M'] : last >= 1e4 ? [1e3, 'k'] : [1, ''];
  const decimals = `${step / unit}`.split('.')[1]?.length ?? 0;
  return `${(value / unit).toFixed(decimals)}${value === 0 ? '' : sign}`.replace('-', '−');
}

function look(i: number): string {
  const dash = DASHES[i % DASHES.length];
  return `stroke="${COLOURS[i % COLOURS.length]}"${dash ? ` stroke-dasharray="${dash}"` : ''}`;
}

function segment(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return `<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

function text(x: number, y: number, content: string, kind = '', anchor = ''): string {
  const attributes = [
    kind && `class="${kind}"`,
    `x="${round(x)}"`,
    `y="${round(y)}"`,
    anchor && `text-anchor="${anchor}"`,
  ];
  return `<text ${attributes.filter(Boolean).join(' ')}>${escaped(content)}</text>`;
}

function document(title: string, height: number, parts: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`;
  return `${[head, `<title>${escaped(title)}</title>`, `<style>${STYLE}</style>`, ...parts, '</svg>'].join('\n')}\n`;
}

const round = (value: number) => Math.round(value * 10) / 10;
const escaped = (content: string) => content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
