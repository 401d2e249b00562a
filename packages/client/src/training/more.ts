/** Parts of the core that most runs do without, loaded by those that do not. A table of contents. */
export { checkpointArtifact, chooseBackend, embeddedSource, tableRows, textsOf } from '@lacuna/core';
