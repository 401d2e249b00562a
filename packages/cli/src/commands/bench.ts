/** `lacuna bench`: one benchmark by name. What each measures, and how it is checked first, stands in `../bench/`. */
import { type Answer, defineCommand, type Session, UsageError } from '../command.ts';
import { percent, table } from '../table.ts';

const BENCHMARKS: Readonly<Record<string, (options: BenchValues, session: Session) => Promise<Answer>>> = {
  kernels: async (_options, { progress, signal }) => {
    const { benchKernels } = await import('../bench/kernels.ts');
    const report = await benchKernels({
      signal,
      onRow: (row, done, total) =>
        progress.update({
          label: 'bench kernels',
          fraction: done / total,
          detail: `${row.name} ${row.gflops.toFixed(1)} GFLOP/s`,
        }),
    });
    const figure = (value: number | undefined) => (value === undefined ? '' : value.toFixed(1));
    const rows = report.rows.map((row) => [
      row.name,
      figure(row.gflops),
      percent(row.ofPeak),
      figure(row.tfjsGflops),
      figure(row.jaxjsGflops),
    ]);
    const missing = report.missingPeers.map(({ name, reason }) => `Not measured: ${name} (${reason}).`);
    return {
      fields: { ...report },
      text: [
        `Peak of this core: ${report.peakGflops.toFixed(1)} GFLOP/s (${report.build} build)`,
        table(['GFLOP/s', 'lacuna', 'of peak', 'tfjs', 'jax-js'], rows),
        ...missing,
      ].join('\n'),
    };
  },
};

interface BenchValues {
  readonly lanes: number;
  readonly kernels: 'auto' | 'simd' | 'relaxed';
}

export const bench = defineCommand({
  name: 'bench',
  about: `Measures one of: ${Object.keys(BENCHMARKS).join(', ')}. Every contestant's result is checked before it is timed.`,
  positionals: ['WHAT'],
  options: {
    lanes: { kind: 'integer', about: 'train: worker threads that share every batch', default: 1, min: 1, max: 256 },
    kernels: { kind: 'choice', choices: ['auto', 'simd', 'relaxed'], about: 'train: which build', default: 'auto' },
  },
  examples: ['lacuna bench kernels --json'],
  async run(options, [what = ''], session) {
    const benchmark = BENCHMARKS[what];
    if (benchmark === undefined) {
      throw new UsageError(`bench: expected ${Object.keys(BENCHMARKS).join(', ')}, got ${JSON.stringify(what)}.`);
    }
    return benchmark(options, session);
  },
});
