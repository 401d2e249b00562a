/** What a page gives as text, tables and models, and how it is posted to the worker. */
import type { EmbeddedOptions, TableFormat } from '@lacuna/core';
import { proxy } from 'comlink';

/** A piece of a stream; undefined at its end. */
export type Pull = () => Promise<string | Uint8Array | undefined>;

type Content = string | URL | Blob | ReadableStream<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * Text to learn: the text itself, a `File` or `Blob`, a stream, an address, an async iterable of chunks, the embedded corpus,
 * or one of them with what its name does not tell. A paragraph a line. Names that end in `.csv`, `.tsv` and `.jsonl` are
 * tables, and in `.gz` compressed.
 */
export type TextInput = Content | { readonly embedded: EmbeddedOptions } | DescribedInput;

export interface DescribedInput {
  readonly content: Content;
  /** For messages and model cards; a file's own name by default. */
  readonly name?: string;
  /** By the name's ending unless given. */
  readonly format?: 'txt' | TableFormat;
  /** The table's column that holds the text; `text` or `sentence` by default. */
  readonly textColumn?: string;
  /** The table's column that holds the label; `label` or `labels` by default. */
  readonly labelColumn?: string;
}

/** Labelled texts: rows, or a table as text, file, stream or address. */
export type LabelledInput =
  | readonly { readonly text: string; readonly label: string | readonly string[] }[]
  | Content
  | DescribedInput;

/** A trained model as an artifact's bytes, a file, or an address. */
export type ModelInput = Uint8Array | Blob | URL | string;

/** An input as it is posted. */
export interface PostedInput {
  readonly name: string;
  readonly format?: 'txt' | TableFormat;
  readonly textColumn?: string;
  readonly labelColumn?: string;
  readonly content:
    | { readonly kind: 'blob'; readonly blob: Blob }
    | { readonly kind: 'address'; readonly url: string }
    | { readonly kind: 'stream'; readonly index: number }
    | { readonly kind: 'embedded'; readonly options: EmbeddedOptions };
}

/** Turns inputs into what can be posted; streams stay here and are pulled from. */
export class InputPoster {
  readonly pulls: Pull[] = [];

  text(input: TextInput, name: string): PostedInput {
    if (typeof input === 'object' && 'embedded' in input) {
      return { name: 'embedded', content: { kind: 'embedded', options: input.embedded } };
    }
    if (!isDescribed(input)) return { name: nameOf(input) ?? name, content: this.#content(input) };
    const { content, ...described } = input;
    return { name: nameOf(content) ?? name, ...described, content: this.#content(content) };
  }

  labelled(input: LabelledInput, name: string): PostedInput {
    if (!Array.isArray(input)) return this.text(input as Content | DescribedInput, name);
    const lines = input.map(({ text, label }) => JSON.stringify({ text, label }));
    return { name, format: 'jsonl', content: { kind: 'blob', blob: new Blob([lines.join('\n')]) } };
  }

  model(input: ModelInput, name: string): PostedInput {
    if (input instanceof Uint8Array) {
      return { name, content: { kind: 'blob', blob: new Blob([input as Uint8Array<ArrayBuffer>]) } };
    }
    if (input instanceof Blob) return { name, content: { kind: 'blob', blob: input } };
    return { name, content: { kind: 'address', url: new URL(input, location.href).href } };
  }

  #content(content: Content): PostedInput['content'] {
    if (typeof content === 'string') return { kind: 'blob', blob: new Blob([content]) };
    if (content instanceof Blob) return { kind: 'blob', blob: content };
    if (content instanceof URL) return { kind: 'address', url: content.href };
    this.pulls.push(proxy(content instanceof ReadableStream ? pullOfStream(content) : pullOfIterable(content)));
    return { kind: 'stream', index: this.pulls.length - 1 };
  }
}

function isDescribed(input: Content | DescribedInput): input is DescribedInput {
  return typeof input === 'object' && 'content' in input;
}

function nameOf(content: Content): string | undefined {
  if (content instanceof URL) return content.pathname.split('/').pop() || undefined;
  return typeof File !== 'undefined' && content instanceof File ? content.name : undefined;
}

function pullOfStream(stream: ReadableStream<string | Uint8Array>): Pull {
  const reader = stream.getReader();
  return async () => (await reader.read()).value;
}

function pullOfIterable(iterable: AsyncIterable<string | Uint8Array>): Pull {
  const iterator = iterable[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await iterator.next();
    return done ? undefined : value;
  };
}
