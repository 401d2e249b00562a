/** Texts and tables out of files, as training reads them: `@lacuna/client/data`. A table of contents. */

export { LacunaError } from '@lacuna/core/errors';
export { type FileFormat, formatOfName } from '../training/file-format.ts';
export { readLines, readRows } from './read-file.ts';
