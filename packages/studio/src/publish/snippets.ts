/** The same request in three ways: what somebody copies to ask a published model from elsewhere. */
import type { Task } from '../project.ts';

export interface Request {
  /** Of the service, without a slash at its end. */
  readonly address: string;
  readonly model: string;
  readonly task: Task;
  readonly text: string;
  /** Whether reading takes a key there; the snippets read it from the environment's `LACUNA_KEY`. */
  readonly needsKey?: boolean;
}

export const SNIPPETS = ['curl', 'fetch', 'sdk'] as const;
export type SnippetKind = (typeof SNIPPETS)[number];

export function snippet(kind: SnippetKind, request: Request): string {
  return { curl, fetch: fetching, sdk }[kind](request);
}

const routeOf = (task: Task) => (task === 'fill-mask' ? 'fill-mask' : 'classify');
const bodyOf = ({ model, text }: Request) => JSON.stringify({ model, text });

function curl(request: Request): string {
  return [
    `curl -s ${shellQuoted(`${request.address}/v1/${routeOf(request.task)}`)}`,
    "  -H 'content-type: application/json'",
    ...(request.needsKey ? ['  -H "authorization: Bearer $LACUNA_KEY"'] : []),
    `  -d ${shellQuoted(bodyOf(request))}`,
  ].join(' \\\n');
}

function fetching(request: Request): string {
  const url = JSON.stringify(`${request.address}/v1/${routeOf(request.task)}`);
  const headers = [
    "'content-type': 'application/json'",
    ...(request.needsKey ? [`authorization: \`Bearer \${process.env.LACUNA_KEY}\``] : []),
  ];
  return `const response = await fetch(${url}, {
  method: 'POST',
  headers: { ${headers.join(', ')} },
  body: JSON.stringify(${bodyOf(request)}),
});
console.log(JSON.stringify(await response.json()));`;
}

function sdk(request: Request): string {
  const options = [
    `baseUrl: ${JSON.stringify(request.address)}`,
    ...(request.needsKey ? ['key: process.env.LACUNA_KEY'] : []),
  ];
  const method = request.task === 'fill-mask' ? 'fillMask' : 'classify';
  const { text, model } = request;
  return `import { createClient } from '@lacuna/client';

const lacuna = createClient({ ${options.join(', ')} });
const answer = await lacuna.${method}(${JSON.stringify(text)}, { model: ${JSON.stringify(model)} });
console.log(JSON.stringify(answer));`;
}

/** As a POSIX shell takes any text literally. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
