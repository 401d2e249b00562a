import type { Project } from '../project.ts';

export function DistilSection(_: { readonly project: Project }) {
  return null;
}
