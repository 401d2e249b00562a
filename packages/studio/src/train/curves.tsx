/** A chart of curves over the time that was trained: a fixed height, the page's own colours, no more redraws than changes. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { readPalette } from './palette.ts';

export interface Curve {
  readonly name: string;
  /** Which of the palette's colours. */
  readonly color: number;
  /** Seconds, ascending. */
  readonly x: readonly number[];
  readonly y: readonly number[];
}

interface CurvesProps {
  readonly title: string;
  readonly curves: readonly Curve[];
  readonly format: (value: number) => string;
  /** Whether single values are marked: where there are few. */
  readonly marked?: boolean;
}

const HEIGHT = 190;
/** Seconds between two marks of the time. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];

export function Curves({ title, curves, format, marked = false }: CurvesProps) {
  const place = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLOutputElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const names = curves.map(({ name, color }) => `${color} ${name}`).join('\n');

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let palette = readPalette();
    const axis = (values: uPlot.Axis.DynamicValues, size: number, more: Partial<uPlot.Axis> = {}): uPlot.Axis => ({
      ...more,
      stroke: () => palette.muted,
      grid: { stroke: () => palette.line, width: 1 },
      ticks: { show: false },
      font: palette.font,
      size,
      values,
    });
    const options: uPlot.Options = {
      width: element.clientWidth,
      height: HEIGHT,
      scales: { x: { time: false, range: timeRange }, y: { range: valueRange } },
      axes: [axis(labels(formatSeconds), 30, { incrs: TIME_STEPS }), axis(labels(format), 48)],
      series: [
        {},
        ...curves.map(({ name, color }) => ({
          label: name,
          stroke: () => palette.curves[color % palette.curves.length] as string,
          width: 2,
          spanGaps: true,
          points: { show: marked, size: 6 },
        })),
      ],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      hooks: {
        setCursor: [
          ({ cursor, data }) => {
            const output = readout.current;
            if (output) output.textContent = readingAt(cursor.idx, data, curves.length === 1 ? [] : curves, format);
          },
        ],
      },
    };
    const made = new uPlot(options, aligned(curves), element);
    plot.current = made;
    const resized = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resized.observe(element);
    const themed = new MutationObserver(() => {
      palette = readPalette();
      made.redraw(false);
    });
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [names]);

  useEffect(() => {
    // A hidden chart draws when it is seen again.
    if (place.current && place.current.clientWidth > 0) plot.current?.setData(aligned(curves));
  }, [curves]);

  const last = curves[0]?.y.at(-1);
  return (
    <figure class="curves" aria-label={`${title}${last === undefined ? ', no values yet' : `, now ${format(last)}`}`}>
      <figcaption>
        <span class="curves-title">{title}</span>
        <output class="curves-readout number" ref={readout} aria-live="off" />
      </figcaption>
      <div class="curves-plot" ref={place} aria-hidden="true" />
    </figure>
  );
}

/** An empty chart has its axes too, without numbers: nothing moves when the first values come. */
const EMPTY_TIME = [0, 60];

function aligned(curves: readonly Curve[]): uPlot.AlignedData {
  if (curves.every(({ x }) => x.length === 0)) return [EMPTY_TIME, ...curves.map(() => EMPTY_TIME.map(() => null))];
  return uPlot.join(curves.map(({ x, y }) => [[...x], [...y]]));
}

const labels =
  (format: (value: number) => string): uPlot.Axis.DynamicValues =>
  ({ data }, ticks) => {
    const isEmpty = data.slice(1).every((values) => (values as readonly unknown[]).every((value) => value == null));
    return ticks.map((tick) => (isEmpty ? '' : format(tick)));
  };

const timeRange: uPlot.Range.Function = (_, min, max) => [min ?? 0, Math.max(max ?? 0, (min ?? 0) + 1)];
const valueRange: uPlot.Range.Function = (_, min, max) =>
  min == null || max == null ? [0, 1] : uPlot.rangeNum(min, max, 0.1, true);

function readingAt(
  idx: number | null | undefined,
  data: uPlot.AlignedData,
  named: readonly Curve[],
  format: (value: number) => string,
): string {
  if (idx === null || idx === undefined) return '';
  const values = data.slice(1).map((series) => series[idx]);
  const parts = values.flatMap((value, i) =>
    value === null || value === undefined ? [] : [`${named[i] ? `${named[i].name} ` : ''}${format(value)}`],
  );
  return `${formatSeconds(data[0][idx] ?? 0)}: ${parts.join(', ')}`;
}

/** `45 s`, `2:05`, `1:02:05`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (n: number) => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}
