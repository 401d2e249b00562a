import type { Project } from '../project.ts';

export function TrainSection(_: { readonly project: Project }) {
  return null;
}
