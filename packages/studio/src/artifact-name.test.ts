import { expect, it } from 'vitest';
import { artifactName, isArtifactName } from './artifact-name.ts';

it('names for services come from names for people', () => {
  expect(artifactName('My stories (2).safetensors')).toBe('my-stories-2');
  expect(artifactName('Übergrößen')).toBe('ubergro-en');
  expect(artifactName('A_b.C-d')).toBe('a_b.c-d');
  expect(artifactName('***')).toBe('model');
  for (const name of ['My stories', 'x'.repeat(100), '-a-', '.b'])
    expect(isArtifactName(artifactName(name))).toBe(true);
  expect(['a b', '', 'A', '-a'].filter(isArtifactName)).toEqual([]);
});
