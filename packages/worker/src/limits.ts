/** Every limit of the service in one place. An isolate has 128 MB; the free plan allows 10 ms of CPU a request. */

/** Bytes of a request's body, but for an artifact's. */
export const MAX_BODY_BYTES = 1_000_000;
/** A body must have come in by then: who sends slowly holds one of the places. */
export const MAX_BODY_MS = 10_000;
export const MAX_TEXTS = 32;
/** UTF-16 units of a text; many times what any model reads, so `truncate` does not lift it. */
export const MAX_TEXT_LENGTH = 20_000;
/** Candidates or labels that can be asked for, and targets that can be given. */
export const MAX_TOP_K = 100;
/** UTF-16 units of a target. */
export const MAX_TARGET_LENGTH = 100;
/** Bytes of fill-mask's candidates as JSON. */
export const MAX_RESPONSE_BYTES = 4_000_000;
/** Of an error's message: it may quote what was sent. */
export const MAX_MESSAGE_LENGTH = 500;
/** Multiply-adds of one request: half a second on one core. */
export const MAX_WORK = 8e9;
/** After so long no further text of a request is begun. */
export const MAX_REQUEST_MS = 800;
/** Requests that are answered at once; more are told to come again. */
export const MAX_IN_FLIGHT = 64;

/** Bytes of an uploaded file, and of its header with the vocabulary in it. */
export const MAX_ARTIFACT_BYTES = 20_000_000;
export const MAX_HEADER_BYTES = 1_000_000;
/** What the models of an isolate may take while they serve, one or all. The rest: a file being loaded, requests, code. */
export const MODEL_CACHE_BYTES = 64_000_000;
export const MAX_VERSIONS = 100;
/** An upload must have come in by then. */
export const MAX_UPLOAD_MS = 120_000;
/** Uploads that an isolate takes in at once. */
export const MAX_UPLOADS = 4;
/** A model's file must have come by then. */
export const MAX_LOAD_MS = 20_000;
/** A request waits so long for a model that is loading, then is told to come again. */
export const MAX_LOAD_WAIT_MS = 8_000;

/** Words whose pieces a served model's tokenizer keeps. */
export const CACHED_WORDS = 8_192;
/** How long an isolate goes by what it last read of a stored model, and of a key: a change shows elsewhere by then. */
export const STORED_MODEL_TTL_MS = 10_000;
export const KEY_TTL_MS = 60_000;
/** Keys, names and clients that an isolate remembers. */
export const MAX_REMEMBERED = 1_000;
/** Seconds that an answer may be kept. */
export const ANSWER_TTL_S = 3_600;
