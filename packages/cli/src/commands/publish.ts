/** `lacuna publish`: an exported file becomes a model of a running service. */
import { readFile } from 'node:fs/promises';
import { LacunaError, readArtifact } from '@lacuna/core';
import { defineCommand } from '../command.ts';
import { SERVICE_OPTIONS, serviceOf } from '../service.ts';

export const publish = defineCommand({
  name: 'publish',
  about:
    'Sends a file of `lacuna export` to a service. It answers as the latest version when all of it is there and right; ' +
    'versions that were there stay, as NAME@VERSION.',
  positionals: ['FILE'],
  options: {
    ...SERVICE_OPTIONS,
    name: { kind: 'text', value: 'NAME', about: "how requests name the model (default: the file's own)" },
    description: { kind: 'text', value: 'TEXT', about: 'what the service says of the model' },
    createOnly: { kind: 'flag', about: 'fail with precondition_failed when there is a model of the name' },
  },
  examples: [
    'lacuna publish runs/site/stories.safetensors --key lk_…',
    'lacuna publish runs/site/mood.safetensors --to https://lacuna.example.workers.dev --name mood',
  ],
  async run(options, [file = ''], { signal }) {
    const service = serviceOf('publish', options);
    const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'ENOENT' ? 'file_not_found' : 'read_failed';
      throw new LacunaError(code, `publish: expected a file, got ${cause.message}.`, { file }, { cause });
    });
    // What is wrong with it is known before it is sent.
    const artifact = await readArtifact(bytes);
    const { name = artifact.name, description, createOnly } = options;
    const described = description === undefined ? {} : { description };
    const published = await service.publish(name, new Uint8Array(bytes), { ...described, createOnly, signal });
    const { version, task, size_bytes: sizeBytes } = published;
    return {
      fields: { to: options.to, name, version, task, sizeBytes },
      text: `Published ${name}@${version}: ${task}, ${(sizeBytes / 1e6).toFixed(2)} MB, at ${options.to}.`,
    };
  },
});
