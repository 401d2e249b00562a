/** A typed client for the edge API, for browsers, Workers and Node. A table of contents. */

export { LacunaError } from '@lacuna/core/errors';
export {
  type Ask,
  type ClientOptions,
  createApi,
  createClient,
  type LacunaClient,
  type Partly,
  type RequestOptions,
} from './client.ts';
export type {
  ApiKey,
  Candidate,
  ClassifyOptions,
  EmbedOptions,
  Filled,
  FillMaskOptions,
  LabelScore,
  PublishedModel,
  PublishOptions,
  Scope,
  ScoreOptions,
  ServedModel,
  TextScore,
} from './wire.ts';
