/** A run's own copy of its inputs: streams can be read but once and a page's files are gone with it, so all are kept. */
import { LacunaError, type TableSource, type TextSource, withoutBreaks } from '@lacuna/core/browser-training';
import { formatOfName } from './file-format.ts';
import type { PostedInput, Pull } from './inputs.ts';
import { chunksOf, decompressed, linesOf } from './lines.ts';
import type { StoredInput } from './plan.ts';
import type { RunFolder } from './run-folder.ts';

/** Copies an input into the folder as `file`. Throws `network`, `disk_full`, `malformed_data`, `unsupported_format`. */
export async function storeInput(
  folder: RunFolder,
  file: string,
  input: PostedInput,
  pulls: readonly Pull[],
): Promise<StoredInput> {
  const { content, name, format, ...columns } = input;
  if (content.kind === 'embedded') {
    const { embeddedSource } = await import('./more.ts');
    const { sizeBytes } = embeddedSource(content.options);
    return { name, sizeBytes, format: 'txt', content: { embedded: content.options } };
  }
  const sizeBytes = await folder.write(file, decompressed(bytesOf(input, pulls), name));
  return { ...columns, name, sizeBytes, format: format ?? formatOfName(name), content: { file } };
}

/** The bytes of a model, a file or an address. Throws `network`. */
export async function inputBytes(input: PostedInput): Promise<Uint8Array> {
  const { content, name } = input;
  if (content.kind === 'blob') return new Uint8Array(await content.blob.arrayBuffer());
  if (content.kind === 'address') return new Uint8Array(await (await fetched(content.url, name)).arrayBuffer());
  throw new LacunaError('invalid_argument', `${name}: expected a file or an address, got a stream.`, { name });
}

/** A stored input as text. Reading throws `binary_text`, `malformed_data`, `unknown_column`. */
export async function openText(folder: RunFolder, input: StoredInput): Promise<TextSource> {
  if ('embedded' in input.content) return (await import('./more.ts')).embeddedSource(input.content.embedded);
  const { name, sizeBytes, textColumn, format } = input;
  if (format !== 'txt') {
    const [table, { textsOf }] = [await openTable(folder, input), await import('./more.ts')];
    return { name, sizeBytes, lines: (skip = 0) => textsOf(table, textColumn, skip) };
  }
  const blob = await blobOf(folder, input.content.file);
  return {
    name,
    sizeBytes,
    async *lines(skip = 0) {
      for await (const line of linesOf(chunksOf(blob), name, skip)) yield withoutBreaks(line);
    },
  };
}

/** A stored input as a table. Throws `unsupported_format`; reading throws `binary_text`, `malformed_data`. */
export async function openTable(folder: RunFolder, input: StoredInput): Promise<TableSource> {
  const { name, format, content } = input;
  if (format === 'txt' || 'embedded' in content) {
    throw new LacunaError('unsupported_format', `${name}: expected a table (csv, tsv or jsonl), got plain text.`, {
      name,
    });
  }
  const [blob, { tableRows }] = [await blobOf(folder, content.file), await import('./more.ts')];
  return { name, rows: (header = true) => tableRows(linesOf(chunksOf(blob), name), format, name, header) };
}

async function blobOf(folder: RunFolder, file: string): Promise<Blob> {
  return (await folder.read(file)) ?? new Blob([]);
}

async function* bytesOf(
  { content, name }: PostedInput,
  pulls: readonly Pull[],
): AsyncGenerator<Uint8Array, void, void> {
  if (content.kind === 'blob') yield* chunksOf(content.blob);
  else if (content.kind === 'address') {
    const { body } = await fetched(content.url, name);
    if (body) yield* body as unknown as AsyncIterable<Uint8Array>;
  } else if (content.kind === 'stream') {
    const encoder = new TextEncoder();
    for (let chunk = await pulls[content.index]?.(); chunk !== undefined; chunk = await pulls[content.index]?.()) {
      yield typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
    }
  }
}

async function fetched(url: string, name: string): Promise<Response> {
  const response = await fetch(url).catch((cause: Error) => {
    throw new LacunaError('network', `${name}: cannot be loaded: ${cause.message}.`, { url }, { cause });
  });
  if (response.ok) return response;
  throw new LacunaError('network', `${name}: expected 200 from ${url}, got ${response.status}.`, {
    url,
    status: response.status,
  });
}
