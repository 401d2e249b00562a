/** The OpenAPI document as one page: no script, nothing from elsewhere, a style under a nonce. */

interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly unknown[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

/** As much of an OpenAPI document as the page shows. */
export interface OpenApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
code, pre { font: 14px/1.4 ui-monospace, monospace }
pre { background: #f4f4f2; padding: .75rem; overflow-x: auto; border-radius: 4px }
details { border: 1px solid #ddd; border-radius: 4px; margin: .5rem 0; padding: .5rem .75rem }
summary { cursor: pointer }
summary b { display: inline-block; min-width: 4.5rem }
table { border-collapse: collapse } td { padding: .15rem .75rem .15rem 0; vertical-align: top }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } pre { background: #252525 } details { border-color: #444 } }
`;

/** `origin`: where the service is asked, for the commands that are shown. */
export function docsPage(document: OpenApiDocument, nonce: string, origin: string): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags ?? []))];
  const sections = tags.map((tag) => {
    const shown = operations.filter(({ operation }) => operation.tags?.includes(tag));
    return `<h2>${escaped(tag)}</h2>${shown.map((one) => operationOf(document, one, origin)).join('')}`;
  });
  const { title, version, description = '' } = document.info;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style nonce="${escaped(nonce)}">${STYLE}</style></head>
<body><h1>${escaped(title)} <small>${escaped(version)}</small></h1><p>${escaped(description)}
The same for programs: <a href="/openapi.json">openapi.json</a>.</p>${sections.join('')}</body></html>`;
}

interface Shown {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

function operationOf(document: OpenApiDocument, { path, method, operation }: Shown, origin: string): string {
  const request = schemaOf(document, operation.requestBody?.content);
  const [status, answer] = Object.entries(operation.responses).find(([code]) => code.startsWith('2')) ?? [];
  const response = schemaOf(document, answer?.content);
  const rows = Object.entries(operation.responses).map(([code, { description }]) => [code, escaped(description)]);
  return [
    `<details><summary><b>${method}</b> <code>${escaped(path)}</code> ${escaped(operation.summary ?? '')}</summary>`,
    operation.security ? '<p>Needs a key.</p>' : '',
    `<pre>${escaped(curl(origin, path, method, operation, request?.example))}</pre>`,
    response?.example === undefined
      ? ''
      : `<p>${status}, for example:</p><pre>${escaped(JSON.stringify(response.example, null, 2))}</pre>`,
    request?.properties ? `<h4>Request</h4>${fields(document, request)}` : '',
    `<h4>Answers</h4>${table(rows)}`,
    '</details>',
  ].join('');
}

function curl(origin: string, path: string, method: string, operation: Operation, example: unknown): string {
  const lines = [`curl ${method === 'GET' || method === 'POST' ? '' : `-X ${method} `}${origin}${path}`];
  if (operation.security) lines.push(`-H "authorization: Bearer $LACUNA_KEY"`);
  const [type] = Object.keys(operation.requestBody?.content ?? {});
  if (type !== undefined) lines.push(`-H 'content-type: ${type}'`);
  if (type === 'application/json') lines.push(`-d '${JSON.stringify(example ?? {})}'`);
  else if (type !== undefined) lines.push('--data-binary @model.safetensors');
  return lines.join(' \\\n  ');
}

function fields(document: OpenApiDocument, schema: Schema): string {
  const rows = Object.entries(schema.properties ?? {}).map(([name, given]) => {
    const field = resolved(document, given);
    const must = schema.required?.includes(name) ? ', required' : '';
    return [`<code>${escaped(name)}</code>`, escaped(typeOf(document, field) + must), escaped(field.description ?? '')];
  });
  return table(rows);
}

function typeOf(document: OpenApiDocument, given: Schema): string {
  const schema = resolved(document, given);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(document, one)).join(' | ');
  return schema.type === 'array' && schema.items ? `${typeOf(document, schema.items)}[]` : (schema.type ?? 'any');
}

function schemaOf(document: OpenApiDocument, content: Content | undefined): Schema | undefined {
  const schema = content?.['application/json']?.schema;
  return schema && resolved(document, schema);
}

function resolved(document: OpenApiDocument, schema: Schema): Schema {
  const name = schema.$ref?.split('/').pop();
  return name === undefined ? schema : (document.components?.schemas?.[name] ?? schema);
}

function table(rows: readonly (readonly string[])[]): string {
  return `<table>${rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')}</table>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
