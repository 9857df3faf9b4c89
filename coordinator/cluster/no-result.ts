import { type ErrorDetail, HalotileError } from '../../tiling/errors.js';

/** What a worker handed over is no result of the task that it was granted; it counts against the worker. */
export class NoResult extends HalotileError {
  constructor(detail: ErrorDetail, cause?: unknown) {
    super('bad-input', { remedy: "use the coordinator's release on every worker", ...detail }, { cause });
  }
}
