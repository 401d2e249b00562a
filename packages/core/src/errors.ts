/**
 * Typed errors: every failure that a user can cause carries a stable `code` and its facts as fields.
 * Messages read `where: expected X, got Y. Help.`
 */

/** Every code that the packages raise. Codes are part of the public contract: add, never rename. */
export type ErrorCode =
  // shapes and configuration
  | 'shape_mismatch'
  | 'invalid_config'
  | 'invalid_argument'
  | 'masking_ratio_out_of_range'
  // text and data
  | 'empty_text'
  | 'binary_text'
  | 'text_too_short'
  | 'unknown_column'
  | 'unknown_label'
  | 'malformed_data'
  | 'file_not_found'
  | 'unsupported_format'
  // inference
  | 'no_mask_token'
  | 'text_too_long'
  | 'unknown_target'
  | 'unsupported_task'
  | 'too_much_work'
  // artifacts and checkpoints
  | 'artifact_truncated'
  | 'artifact_corrupt'
  | 'artifact_unsupported'
  | 'checkpoint_mismatch'
  | 'checkpoint_not_found'
  | 'unknown_recipe'
  | 'invalid_recipe'
  | 'recipe_mismatch'
  | 'run_exists'
  | 'run_in_use'
  | 'read_failed'
  | 'disk_full'
  | 'write_failed'
  // runtime
  | 'backend_unavailable'
  | 'out_of_memory'
  | 'device_lost'
  | 'lane_failed'
  | 'loss_not_finite'
  | 'aborted'
  // HTTP
  | 'malformed_json'
  | 'invalid_request'
  | 'body_too_large'
  | 'response_too_large'
  | 'length_required'
  | 'model_too_large'
  | 'unknown_model'
  | 'model_loading'
  | 'name_taken'
  | 'conflict'
  | 'precondition_failed'
  | 'unknown_key'
  | 'unauthorized'
  | 'forbidden'
  | 'unknown_route'
  | 'method_not_allowed'
  | 'unsupported_media_type'
  | 'rate_limited'
  | 'unavailable'
  | 'timeout'
  | 'network'
  | 'internal';

/** An error with a stable `code`; `facts` hold what the message says, for programs. */
export class LacunaError extends Error {
  override readonly name = 'LacunaError';
  readonly code: ErrorCode;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, facts: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.facts = facts;
  }
}
