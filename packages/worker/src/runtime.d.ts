/** What the runtime brings: WebAssembly files as compiled modules, and its own module. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}

declare module 'cloudflare:workers' {
  /** Keeps the running request's context alive until `work` settles. */
  export function waitUntil(work: Promise<unknown>): void;
}
