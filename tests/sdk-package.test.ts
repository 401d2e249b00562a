/** The SDK as a package of its own, away from the workspace: what users write compiles against it, and it runs. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildSdk, writeDeclarations, writePackageJson } from '@lacuna/client/build';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';

let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'lacuna-package-')));
  const installed = join(folder, 'node_modules/@lacuna/client');
  await mkdir(installed, { recursive: true });
  await buildSdk(installed);
  await writeDeclarations(installed);
  await writePackageJson(installed);
  await symlink(
    fileURLToPath(new URL('../packages/client/node_modules/hono', import.meta.url)),
    join(folder, 'node_modules/hono'),
  );
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the compiler says of a module in the folder, declarations of the package and of Hono included. */
async function complaints(source: string, moduleResolution: ts.ModuleResolutionKind): Promise<string[]> {
  const file = join(folder, 'page.ts');
  await writeFile(file, source);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const program = ts.createProgram([file], {
    module: moduleResolution === ts.ModuleResolutionKind.NodeNext ? ts.ModuleKind.NodeNext : ts.ModuleKind.ESNext,
    moduleResolution,
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
    types: [],
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file: where, messageText }) => `${where?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}

const PAGE = `
import { createClient, LacunaError } from '@lacuna/client';
import { loadModel, type LocalModel } from '@lacuna/client/local';
import { createTrainer, listRuns, type TrainerEvent } from '@lacuna/client/training';

const trainer = createTrainer({ task: 'pretrain', text: 'One paragraph a line.', recipe: { budget: { minutes: 2 } } });
const seen: TrainerEvent[] = [];
for await (const event of trainer.events) {
  seen.push(event);
  if (event.type === 'progress') console.log(event.loss.toFixed(3), event.etaSeconds.toFixed(0));
  if (event.type === 'machine') console.log(event.exchange, event.reason);
}
const local: LocalModel = await loadModel(await trainer.export({ name: 'stories' }));
const there = createClient({ baseUrl: 'https://lacuna.example.workers.dev' });
for (const model of [local, there]) {
  const [gap] = await model.fillMask('a [MASK] day');
  console.log(gap?.[0]?.token_str.length);
}
const { tokens } = await local.explain('Good.');
console.log(tokens[0]?.attribution.toFixed(2), (await listRuns()).length);
try {
  await there.classify('Good.');
} catch (error) {
  if (error instanceof LacunaError && error.code === 'rate_limited') console.log(error.facts);
}
`;

it.each(['Bundler', 'NodeNext'] as const)('what a page writes compiles, the library checked too (%s)', async (kind) => {
  expect(await complaints(PAGE, ts.ModuleResolutionKind[kind])).toEqual([]);
  const wrong = PAGE.replace("task: 'pretrain'", "task: 'pretrian'").replace('.loss.', '.lost.');
  expect(await complaints(wrong, ts.ModuleResolutionKind[kind])).toEqual([
    expect.stringContaining('pretrian'),
    expect.stringContaining("'lost' does not exist"),
  ]);
});

it('asks in Node', async () => {
  const program = `
    import { createClient } from '@lacuna/client';
    const fetch = async () => Response.json({ error: { code: 'unknown_model', message: 'none' } }, { status: 404 });
    await createClient({ baseUrl: 'http://localhost', fetch }).classify('x').catch(({ code }) => console.log(code));`;
  await writeFile(join(folder, 'ask.js'), program);
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'ask.js')]);
  expect(stdout.trim()).toBe('unknown_model');
});
