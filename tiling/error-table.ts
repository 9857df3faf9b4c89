import { byName } from './by-name.js';

/**
 * What a failure means to whoever asked for the job: one row per tag, so that the command line and the
 * gRPC API cannot disagree. `grpc` is the canonical status name; `retryable` says that the same request
 * may succeed later without a change.
 */
export const ERROR_TABLE = byName({
  'bad-usage': { exitCode: 2, grpc: 'INVALID_ARGUMENT', retryable: false },
  'bad-input': { exitCode: 2, grpc: 'INVALID_ARGUMENT', retryable: false },
  'partial-conflict': { exitCode: 2, grpc: 'FAILED_PRECONDITION', retryable: false },
  'already-exists': { exitCode: 2, grpc: 'ALREADY_EXISTS', retryable: false },
  'not-found': { exitCode: 2, grpc: 'NOT_FOUND', retryable: false },
  'not-allowed': { exitCode: 2, grpc: 'PERMISSION_DENIED', retryable: false },
  'not-ready': { exitCode: 1, grpc: 'FAILED_PRECONDITION', retryable: true },
  'data-loss': { exitCode: 1, grpc: 'DATA_LOSS', retryable: true },
  unreachable: { exitCode: 1, grpc: 'UNAVAILABLE', retryable: true },
  'input-changed': { exitCode: 1, grpc: 'ABORTED', retryable: true },
  'output-failed': { exitCode: 1, grpc: 'UNAVAILABLE', retryable: true },
  'tile-failed': { exitCode: 1, grpc: 'INTERNAL', retryable: true },
  'kernel-failed': { exitCode: 1, grpc: 'FAILED_PRECONDITION', retryable: false },
  'tile-poisoned': { exitCode: 1, grpc: 'INTERNAL', retryable: false },
  'over-limit': { exitCode: 2, grpc: 'RESOURCE_EXHAUSTED', retryable: false },
  interrupted: { exitCode: 130, grpc: 'CANCELLED', retryable: true },
});

/** A kind of failure, which decides exit code and gRPC status. */
export type ErrorTag = keyof typeof ERROR_TABLE;
