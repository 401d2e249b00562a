import { defineConfig } from 'vite';

export default defineConfig({
  // The SDK's workers are modules: they load a backend when it is asked for.
  worker: { format: 'es' },
  build: { target: 'es2022' },
  // Lets lanes share memory. Serve the built page with the same two headers.
  server: {
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
});
