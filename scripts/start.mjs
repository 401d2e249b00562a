/** `npm start`: installs, then serves the edge API with the default models on the real workerd. */
import { join } from 'node:path';
import { install, node24, root, run } from './setup.mjs';

// npm passes a SIGTERM on to its shell, which dies of it and tells nobody: a new parent is how we hear of it.
if (process.env.npm_lifecycle_event === 'start') {
  const shell = process.ppid;
  setInterval(() => process.ppid !== shell && process.kill(process.pid, 'SIGTERM'), 250).unref();
}

install();
process.exitCode = await run(node24, [join(root, 'packages/cli/src/main.ts'), 'serve', ...process.argv.slice(2)]);
