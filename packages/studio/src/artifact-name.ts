/** How services name a model: `[a-z0-9][a-z0-9._-]*`, 64 characters at most. */

const MOST = 64;
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export function isArtifactName(name: string): boolean {
  return NAME.test(name);
}

/** What people call it, as a service could: `My stories (2).safetensors` is `my-stories-2`. */
export function artifactName(name: string): string {
  const plain = name
    .replace(/\.safetensors\b/g, '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, MOST);
  return plain === '' ? 'model' : plain;
}
