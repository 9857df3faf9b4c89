import { cutList } from '../../proto/convert/bounded-text.js';
import type { FieldViolation } from '../../proto/convert/job-spec.js';
import { HalotileError } from '../../tiling/errors.js';
import { said } from '../../tiling/words.js';

/** Bytes of the violations that an error's sentence names. */
const MAX_LIST_BYTES = 900;

/** A request of which single fields are wrong. */
export class BadRequest extends HalotileError {
  readonly violations: readonly FieldViolation[];
  /** Violations beside those. */
  readonly unnamed: number;

  constructor(violations: readonly FieldViolation[], unnamed = 0) {
    const listed = violations.map(({ field, description }) => said`${field}: ${description}`);
    super('bad-usage', { what: cutList(listed, MAX_LIST_BYTES, unnamed) });
    this.violations = violations;
    this.unnamed = unnamed;
  }
}
