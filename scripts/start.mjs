/** `npm start`: installs what is missing, then serves the edge API with the default models on the real workerd. */
import { join } from 'node:path';
import { install, node24, root, run } from './setup.mjs';

install();
process.exitCode = await run(node24, [join(root, 'packages/cli/src/main.ts'), 'serve', ...process.argv.slice(2)]);
