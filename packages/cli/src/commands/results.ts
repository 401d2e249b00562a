/** `lacuna results`: writes the results page and its plots out of what the repository has recorded. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LacunaError } from '@lacuna/core/errors';
import { defineCommand } from '../command.ts';
import { PAGE, resultsPage } from '../results/page.ts';
import { readRecords } from '../results/records.ts';

export const results = defineCommand({
  name: 'results',
  about:
    'Writes results.md and its plots: learning curves, evaluations beside published figures, ablations, size and latency. ' +
    'All of it comes from the JSON files in --bench: curves (lacuna curve), evaluations (evaluate --out, baseline --out), ' +
    'ablations (ablation run --result), results (bench --json) and published.json.',
  options: {
    bench: { kind: 'text', value: 'DIR', about: 'the folder of the records', default: 'bench' },
    out: { kind: 'text', value: 'DIR', about: 'the folder of the page', default: 'docs' },
  },
  examples: ['lacuna results', 'lacuna results --bench bench --out docs'],
  async run({ bench, out }) {
    const page = resultsPage(readRecords(bench));
    const plots = join(out, 'plots');
    try {
      mkdirSync(plots, { recursive: true });
      const gone = readdirSync(plots).filter((name) => name.endsWith('.svg') && !page.has(`plots/${name}`));
      for (const name of gone) rmSync(join(plots, name));
      for (const [name, content] of page) {
        mkdirSync(dirname(join(out, name)), { recursive: true });
        writeFileSync(join(out, name), content);
      }
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new LacunaError('write_failed', `results: cannot write to ${out}: ${reason}.`, { path: out }, { cause });
    }
    return { fields: { out, files: [...page.keys()] }, text: `Wrote ${join(out, PAGE)} and ${page.size - 1} plots.` };
  },
});
