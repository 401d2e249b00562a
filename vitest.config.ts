/** The test projects: Node for core, client, cli and what crosses packages; the worker's runs inside workerd. */
import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { browserPath } from './tests/chromium.ts';

const nodeProject = (name: string, root: string, include: string[]) => ({
  test: {
    name,
    root,
    include,
    exclude: ['**/node_modules/**', '**/*.browser.test.ts'],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

/** TensorFlow.js registers its gradients in modules that Node cannot load as they are. */
const withTensorflow = (project: ReturnType<typeof nodeProject>) => ({
  test: { ...project.test, server: { deps: { inline: [/@tensorflow/] } } },
});

/** What runs in Chromium, on WebGPU by software where the machine has no GPU. */
const browserProject = {
  // Found only once a test runs, a dependency would make the page load again in the middle of it.
  optimizeDeps: {
    include: ['@huggingface/tokenizers', '@tensorflow/tfjs-backend-webgpu', '@tensorflow/tfjs-core'],
  },
  test: {
    name: 'browser',
    root: 'packages/core',
    include: ['src/**/*.browser.test.ts'],
    testTimeout: 240_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      instances: [{ browser: 'chromium' as const }],
      provider: playwright({
        launchOptions: {
          executablePath: browserPath(),
          args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
        },
      }),
    },
  },
};

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
      browserProject,
      ...ownProjects,
    ],
  },
});
