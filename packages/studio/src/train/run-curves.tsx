/** The three charts of a run, with the curves of the runs that it is compared with. */
import { useMemo } from 'preact/hooks';
import { compact, percent } from '../format.ts';
import type { RunHistory } from '../runs/run-history.ts';
import { Curves } from './curves.tsx';
import type { LiveRun } from './live-run.ts';
import { CURVE_COLORS } from './palette.ts';
import type { TrainDesk } from './train-desk.ts';

interface Drawn {
  readonly name: string;
  readonly color: number;
  readonly history: RunHistory;
}

export function RunCurves({ desk, live }: { readonly desk: TrainDesk; readonly live?: LiveRun }) {
  const compared = [...desk.compared.value].filter((run) => run !== live?.run);
  const runs = desk.runs.value;
  const history = live?.history;
  const drawn = useMemo(() => {
    const list: Omit<Drawn, 'color'>[] = live && history ? [{ name: live.run, history }] : [];
    for (const name of compared) {
      const found = runs?.find(({ run }) => run === name);
      if (found) list.push({ name, history: found.record.history });
    }
    return list.slice(0, CURVE_COLORS).map((run, color) => ({ ...run, color }));
  }, [history, runs, compared.join('\n')]);
  const charts = useMemo(() => {
    const points = (of: 'loss' | 'tokensPerSecond') =>
      drawn.map(({ name, color, history: { points: all } }) => ({
        name,
        color,
        x: all.map(({ seconds }) => seconds),
        y: all.map((point) => point[of]),
      }));
    const accuracy = drawn.map(({ name, color, history: { evaluations } }) => ({
      name,
      color,
      x: evaluations.map(({ seconds }) => seconds),
      y: evaluations.map((point) => point.accuracy),
    }));
    return { loss: points('loss'), accuracy, speed: points('tokensPerSecond') };
  }, [drawn]);
  return (
    <div class="run-curves">
      {(drawn.length > 1 || !live) && (
        <ul class="legend">
          {drawn.map(({ name, color }) => (
            <li key={name}>
              <span class={`legend-mark curve-${color + 1}`} aria-hidden="true" />
              {name}
            </li>
          ))}
        </ul>
      )}
      <div class="charts">
        <Curves title="Loss" curves={charts.loss} format={formatLoss} />
        <Curves title="Right on held-out texts" curves={charts.accuracy} format={formatShare} marked />
        <Curves title="Tokens a second" curves={charts.speed} format={compact} />
      </div>
    </div>
  );
}

const formatLoss = (value: number) => value.toFixed(2);
const formatShare = (value: number) => percent(value, 0);
