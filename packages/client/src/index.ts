/** A typed client for the edge API, for browsers, Workers and Node. A table of contents. */

export { LacunaError } from '@lacuna/core/errors';
export { type ClientOptions, createClient, type LacunaClient, type RequestOptions } from './client.ts';
export type { Candidate, ClassifyOptions, FillMaskOptions, LabelScore, ServedModel } from './wire.ts';
