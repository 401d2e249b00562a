/** The deployment's own models as Studio's build sees them: files to copy into the site, and what they are, known at once. */
import { cpSync, createReadStream, existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parameterCount } from '@lacuna/core';
import { readArtifact } from '@lacuna/core/inference';
import type { Plugin } from 'vite';
import type { SiteModel } from '../src/site-models.ts';

export const MODELS = fileURLToPath(new URL('../../../models/', import.meta.url));

const MODULE = 'virtual:site-models';
const RESOLVED = `\0${MODULE}`;

interface Listing {
  readonly models: readonly { readonly name: string; readonly file: string; readonly description?: string }[];
}

/** Gives `virtual:site-models` to the page, serves the files while developing, and copies them into what is built. */
export function siteModels(): Plugin {
  let outDir = '';
  return {
    name: 'lacuna-site-models',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    resolveId: (id) => (id === MODULE ? RESOLVED : undefined),
    load: async (id) => (id === RESOLVED ? `export default ${JSON.stringify(await describeModels())}` : undefined),
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const file = join(MODELS, basename(request.url ?? ''));
        if (request.url !== `/${basename(file)}` || basename(file) === '' || !existsSync(file)) return next();
        createReadStream(file).pipe(response);
      });
    },
    closeBundle: () => cpSync(MODELS, outDir, { recursive: true }),
  };
}

/** What the artifacts of `models.json` say of themselves. */
export async function describeModels(): Promise<SiteModel[]> {
  const { models } = JSON.parse(readFileSync(join(MODELS, 'models.json'), 'utf8')) as Listing;
  return Promise.all(
    models.map(async ({ name, file, description }) => {
      const artifact = await readArtifact(readFileSync(join(MODELS, file)));
      const { task, labels, config } = artifact;
      const isClassifier = task === 'text-classification';
      return {
        name,
        file,
        task: isClassifier ? ('classification' as const) : ('fill-mask' as const),
        ...(isClassifier ? { labels } : {}),
        config,
        parameters: parameterCount(config, isClassifier ? { numLabels: labels.length } : undefined),
        ...(description === undefined ? {} : { description }),
      };
    }),
  );
}
