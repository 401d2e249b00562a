/** What the runtime brings: WebAssembly files as compiled modules, its own module, streams and digests of its own. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}

declare module 'cloudflare:workers' {
  /** Keeps the running request's context alive until `work` settles. */
  export function waitUntil(work: Promise<unknown>): void;
  /** The bindings of `wrangler.toml`. */
  export const env: unknown;
  /** What the entry point exports, as others call it. */
  export const exports: unknown;
}

interface Response {
  json<T = unknown>(): Promise<T>;
}
