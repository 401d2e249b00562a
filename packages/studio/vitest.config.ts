/** What Studio computes, in Node; what it shows is tested in Chromium by `tests/studio-*.test.ts`. */
import { defineProject } from 'vitest/config';

export default defineProject({
  test: { name: 'studio', include: ['src/**/*.test.ts', 'site/**/*.test.ts'], environment: 'node' },
});
