import type { Project } from '../project.ts';

export function TrySection(_: { readonly project: Project }) {
  return null;
}
