import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { ERROR_TABLE, type ErrorTag } from '../../tiling/error-table.js';
import { HalotileError } from '../../tiling/errors.js';
import { textOf } from '../../tiling/words.js';
import { google, halotile } from '../gen/messages.js';
import { cutText } from './bounded-text.js';
import { readFailure, writeFailure } from './failure.js';
import type { FieldViolation } from './job-spec.js';

const DETAILS_KEY = 'grpc-status-details-bin';
const DOMAIN = 'halotile';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';
const FAILURE = 'type.googleapis.com/halotile.v1.Failure';
const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo';
/**
 * Bytes of the sentence and of the details, in trailers that stay below 4 KiB: larger ones than about 30 KB never arrive,
 * and the connection behind them hangs.
 */
const MAX_MESSAGE_BYTES = 1000;
const MAX_DETAILS_BYTES = 2000;
/** Bytes of one violation's field and of its description. */
const MAX_VIOLATION_BYTES = 200;

/** Statuses of errors that are not halotile's own, as their nearest tag. */
const TAG_OF_CODE: Readonly<Partial<Record<status, ErrorTag>>> = {
  [status.INVALID_ARGUMENT]: 'bad-usage',
  [status.NOT_FOUND]: 'not-found',
  [status.ALREADY_EXISTS]: 'already-exists',
  [status.PERMISSION_DENIED]: 'not-allowed',
  [status.UNAUTHENTICATED]: 'not-allowed',
  [status.FAILED_PRECONDITION]: 'not-ready',
  [status.RESOURCE_EXHAUSTED]: 'over-limit',
  [status.DATA_LOSS]: 'data-loss',
  [status.CANCELLED]: 'interrupted',
};

/**
 * An error as a gRPC status: the code from the one table of tags, the message as the sentence, and in
 * `grpc-status-details-bin` a google.rpc.Status with ErrorInfo (reason: the tag), where fields of the
 * request are at fault BadRequest, and where there is room the Failure in its parts. Both are cut to what trailers can carry, a list with the number of those that are
 * left out. What is not a HalotileError says INTERNAL and no more.
 * @param unnamed violations beside those that are given
 */
export function toStatus(
  error: unknown,
  violations: readonly FieldViolation[] = [],
  unnamed = 0,
): Partial<StatusObject> {
  if (!(error instanceof HalotileError)) {
    return { code: status.INTERNAL, details: "internal error; the coordinator's log has more" };
  }
  const code = status[ERROR_TABLE[error.tag].grpc];
  const message = cutText(error.message, MAX_MESSAGE_BYTES);
  const details: google.protobuf.IAny[] = [
    { type_url: ERROR_INFO, value: google.rpc.ErrorInfo.encode({ reason: error.tag, domain: DOMAIN }).finish() },
  ];
  const sentence = google.rpc.Status.encode({ code, message, details }).finish();
  const failure = { type_url: FAILURE, value: halotile.v1.Failure.encode(writeFailure(error)).finish() };
  if (violations.length > 0) {
    const fieldViolations = cutViolations(violations, unnamed, MAX_DETAILS_BYTES - sentence.length);
    details.push({ type_url: BAD_REQUEST, value: google.rpc.BadRequest.encode({ fieldViolations }).finish() });
  }
  // The sentence says all of it; a client that knows the message can say it in its own names.
  const whole = google.rpc.Status.encode({ code, message, details: [...details, failure] }).finish();
  if (whole.length <= MAX_DETAILS_BYTES) details.push(failure);
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(google.rpc.Status.encode({ code, message, details }).finish()));
  return { code, details: message, metadata };
}

/** A violation as it is read. */
type ToldViolation = google.rpc.BadRequest.IFieldViolation;

/** As many violations as fit, and how many more there are. */
function cutViolations(violations: readonly FieldViolation[], unnamed: number, maxBytes: number): ToldViolation[] {
  const kept: ToldViolation[] = [];
  let bytes = BAD_REQUEST.length + MAX_VIOLATION_BYTES;
  for (const { field, description } of violations) {
    const cut = {
      field: cutText(field, MAX_VIOLATION_BYTES),
      description: cutText(textOf(description), MAX_VIOLATION_BYTES),
    };
    bytes += google.rpc.BadRequest.encode({ fieldViolations: [cut] }).finish().length;
    if (bytes > maxBytes && kept.length > 0) {
      return [...kept, { field: '', description: `and ${violations.length - kept.length + unnamed} more` }];
    }
    kept.push(cut);
  }
  return unnamed === 0 ? kept : [...kept, { field: '', description: `and ${unnamed} more` }];
}

/** The error that a status stands for; of one without its parts tag and sentence. */
export function fromStatus(error: ServiceError, where?: string): HalotileError {
  const tag =
    tagOf(error) ?? TAG_OF_CODE[error.code] ?? (error.code === status.UNAVAILABLE ? 'unreachable' : 'tile-failed');
  const failure = detailsOf(error).find((detail) => detail.type_url === FAILURE);
  if (failure !== undefined) {
    return new HalotileError(tag, readFailure(halotile.v1.Failure.decode(failure.value)).detail, { cause: error });
  }
  const what = plainDetails(error.details || error.message);
  const place = tag === 'unreachable' ? where : undefined;
  return new HalotileError(tag, place === undefined ? { what } : { what, where: place }, { cause: error });
}

/** grpc-js wraps what a failed connection said: `No connection established. Last error: Error: … Resolution note: …`. */
function plainDetails(text: string): string {
  const last = /^No connection established\. Last error: (.*?)\.? Resolution note: (.*)$/s.exec(text);
  if (last === null) return text;
  const said = (last[1]! || last[2]!).replace(/^(?:\w*Error(?: \[\w+\])?: )+/, '');
  return `no connection${said === '' || said === 'null' ? '' : ` (${said})`}`;
}

/** The fields that a refused request was refused for. */
export function violationsOf(error: ServiceError): FieldViolation[] {
  const any = detailsOf(error).find((detail) => detail.type_url === BAD_REQUEST);
  if (any === undefined) return [];
  const { fieldViolations } = google.rpc.BadRequest.decode(any.value);
  return fieldViolations.map(({ field, description }) => ({ field: field ?? '', description: description ?? '' }));
}

function tagOf(error: ServiceError): ErrorTag | undefined {
  const any = detailsOf(error).find((detail) => detail.type_url === ERROR_INFO);
  if (any === undefined) return undefined;
  const { reason, domain } = google.rpc.ErrorInfo.decode(any.value);
  return domain === DOMAIN && reason in ERROR_TABLE ? (reason as ErrorTag) : undefined;
}

function detailsOf(error: ServiceError): google.protobuf.Any[] {
  const bytes = error.metadata?.get(DETAILS_KEY)[0];
  if (!(bytes instanceof Buffer)) return [];
  return google.rpc.Status.decode(bytes).details.map((detail) => new google.protobuf.Any(detail));
}
