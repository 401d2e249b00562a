/** The test projects: Node for core, client, cli and what crosses packages; the worker's runs inside workerd. */
import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const nodeProject = (name: string, root: string, include: string[]) => ({
  test: { name, root, include, environment: 'node', testTimeout: 60_000, hookTimeout: 60_000 },
});

/** TensorFlow.js registers its gradients in modules that Node cannot load as they are. */
const withTensorflow = (project: ReturnType<typeof nodeProject>) => ({
  test: { ...project.test, server: { deps: { inline: [/@tensorflow/] } } },
});

/** Projects with a configuration of their own, each added where it is. */
const ownProjects = ['packages/worker/vitest.config.ts', 'packages/studio/vitest.config.ts'].filter((path) =>
  existsSync(new URL(path, import.meta.url)),
);

export default defineConfig({
  test: {
    projects: [
      nodeProject('core', 'packages/core', ['src/**/*.test.ts', 'assembly/**/*.test.ts']),
      nodeProject('client', 'packages/client', ['src/**/*.test.ts']),
      nodeProject('cli', 'packages/cli', ['src/**/*.test.ts']),
      withTensorflow(nodeProject('tests', 'tests', ['**/*.test.ts'])),
      ...ownProjects,
    ],
  },
});
