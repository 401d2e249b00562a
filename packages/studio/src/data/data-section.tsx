import type { Project } from '../project.ts';

export function DataSection(_: { readonly project: Project }) {
  return null;
}
