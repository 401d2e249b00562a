/** The control on the command line, on a toy set that its words give away. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { lacuna } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-baseline-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const SUBJECTS = ['the cat', 'a dog', 'our queen', 'the man', 'my friend', 'this frog'];
const rows = (says: Readonly<Record<string, string>>) =>
  Object.entries(says).flatMap(([label, word]) => SUBJECTS.map((subject) => [`${subject} is ${word}`, label]));
const sets = file(
  'sets.json',
  JSON.stringify({
    train: rows({ good: 'happy', bad: 'sad' }),
    test: [
      ['she is happy', 'good'],
      ['we are sad', 'bad'],
      ['a blue tower', 'oos'],
      ['rivers run', 'oos'],
    ],
    dev: [
      ['they are happy', 'good'],
      ['you are sad', 'bad'],
      ['seven boats', 'oos'],
      ['snow falls', 'oos'],
    ],
  }),
);
const small = ['--buckets', '4096', '--epochs', '40'];

it('baseline tells labels apart and turns away what has none, over several seeds, and keeps the figures', () => {
  const out = join(folder, 'figures/bag.json');
  const line = ['baseline', '--data', `${sets}#train`, '--test', `${sets}#test`, '--dev', `${sets}#dev`];
  const { status, json } = lacuna(...line, '--out-of-scope', 'oos', ...small, '--seeds', '2', '--out', out, '--json');
  expect(status).toBe(0);
  expect(json).toMatchObject({ labels: 2, trainedOn: 12, mean: { accuracy: 1, examples: 2, outOfScopeRecall: 1 } });
  expect(json.models).toHaveLength(2);
  expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ mean: json.mean, cpu: json.cpu });
});

it('baseline reads several labels a text by their numbers, with their names in a file', () => {
  const table = file(
    'many.tsv',
    SUBJECTS.flatMap((s) => [`${s} is happy\t1`, `${s} is sad\t0`, `${s} was happy and sad\t0,1`, `${s} ran\t`]).join(
      '\n',
    ),
  );
  const names = file('names.txt', 'gloom\njoy\n');
  const line = ['baseline', '--data', table, '--test', table, '--text-column', '1', '--label-column', '2'];
  const { status, json } = lacuna(...line, '--multi-label', '--labels-file', names, '--dev', table, ...small, '--json');
  expect(status).toBe(0);
  expect(json).toMatchObject({ accuracy: 1, macroF1: 1, labels: 2, threshold: expect.any(Number) });
});

it.each([
  ['malformed_data', 'joy\njoy\n'],
  ['malformed_data', '\n'],
])('a file of names is refused with %s: %j', (code, text) => {
  const line = ['baseline', '--data', `${sets}#train`, '--test', `${sets}#dev`, '--labels-file', file('odd.txt', text)];
  expect(lacuna(...line, '--json')).toMatchObject({ status: 1, json: { error: { code } } });
});
