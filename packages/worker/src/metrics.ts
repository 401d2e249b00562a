/** Counters and latency histograms of one isolate, as Prometheus reads them. */

/** Seconds: upper ends of the histogram's classes. */
const CLASSES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Metrics {
  readonly #counters = new Map<string, number>();
  readonly #histograms = new Map<string, Histogram>();

  /** Labels must be of few values: every combination is kept. */
  count(name: string, labels: Readonly<Record<string, string>>): void {
    const series = seriesOf(name, labels);
    this.#counters.set(series, (this.#counters.get(series) ?? 0) + 1);
  }

  observe(name: string, labels: Readonly<Record<string, string>>, seconds: number): void {
    const series = seriesOf(name, labels);
    let histogram = this.#histograms.get(series);
    if (!histogram) {
      histogram = { counts: CLASSES.map(() => 0), sum: 0, count: 0 };
      this.#histograms.set(series, histogram);
    }
    CLASSES.forEach((end, i) => {
      if (seconds <= end) (histogram.counts[i] as number)++;
    });
    histogram.sum += seconds;
    histogram.count++;
  }

  /** The exposition format; `gauges` are read at this moment. */
  text(gauges: Readonly<Record<string, number>>): string {
    const lines: string[] = [];
    for (const [name, value] of Object.entries(gauges)) lines.push(`# TYPE ${name} gauge`, `${name} ${value}`);
    const typed = new Set<string>();
    const type = (series: string, kind: string) => {
      const name = series.split('{')[0] as string;
      if (!typed.has(name)) lines.push(`# TYPE ${name} ${kind}`);
      typed.add(name);
    };
    for (const [series, value] of this.#counters) {
      type(series, 'counter');
      lines.push(`${series} ${value}`);
    }
    for (const [series, { counts, sum, count }] of this.#histograms) {
      type(series, 'histogram');
      const [name, labels = ''] = series.replace('}', '').split('{');
      const bucket = (end: string, value: number) => `${name}_bucket{${labels},le="${end}"} ${value}`;
      CLASSES.forEach((end, i) => {
        lines.push(bucket(String(end), counts[i] as number));
      });
      lines.push(bucket('+Inf', count), `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value.replace(/["\\\n]/g, '')}"`);
  return `${name}{${pairs.join(',')}}`;
}
