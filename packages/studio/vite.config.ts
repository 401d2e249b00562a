import { defineConfig } from 'vite';
import { siteModels } from './site/models.ts';

const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export default defineConfig({
  plugins: [siteModels()],
  // The SDK's workers are modules: they load a backend when it is asked for.
  worker: { format: 'es' },
  build: { target: 'es2022', emptyOutDir: true, assetsInlineLimit: 0 },
  // A built site takes its headers from `public/_headers`; while developing, the API answers on the port of `npm start`.
  server: {
    headers: ISOLATED,
    proxy: Object.fromEntries(
      ['/v1', '/healthz', '/openapi.json', '/docs'].map((path) => [path, 'http://localhost:8787']),
    ),
  },
});
