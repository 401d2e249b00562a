import type { Project } from '../project.ts';

export function PublishSection(_: { readonly project: Project }) {
  return null;
}
