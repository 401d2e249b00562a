/** Which methods a path answers to, out of an app's routes. */
import type { Hono } from 'hono';

export class PathMethods {
  readonly #patterns = new Map<string, { readonly matches: RegExp; readonly methods: Set<string> }>();

  /** Of the routes that the app has by now; middleware is no route. */
  constructor({ routes }: Pick<Hono, 'routes'>) {
    for (const { method, path } of routes) {
      if (method === 'ALL' || path.includes('*')) continue;
      const known = this.#patterns.get(path);
      if (known) known.methods.add(method);
      else {
        const matches = new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`);
        this.#patterns.set(path, { matches, methods: new Set([method]) });
      }
    }
  }

  of(path: string): string[] {
    const methods = [...this.#patterns.values()].flatMap((known) =>
      known.matches.test(path) ? [...known.methods] : [],
    );
    return [...new Set(methods)].sort();
  }
}
