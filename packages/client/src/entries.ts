/** What the SDK is made of: the name of each built module, and its source beside this file. */
export const ENTRIES = {
  client: 'index.ts',
  training: 'training/index.ts',
  local: 'local/index.ts',
  compare: 'compare/index.ts',
  data: 'data/index.ts',
} as const;
