import { cutList } from '../../proto/convert/bounded-text.js';
import type { FieldViolation } from '../../proto/convert/job-spec.js';
import { type ErrorDetail, HalotileError } from '../../tiling/errors.js';

/** Bytes of the violations that an error's sentence names. */
const MAX_LIST_BYTES = 900;

/** A request of which single fields are wrong. */
export class BadRequest extends HalotileError {
  readonly violations: readonly FieldViolation[];
  /** Violations beside those. */
  readonly unnamed: number;

  constructor(violations: readonly FieldViolation[], unnamed = 0) {
    const listed = violations.map(({ field, description }) => `${field}: ${description}`);
    super('bad-usage', { what: cutList(listed, MAX_LIST_BYTES, unnamed) });
    this.violations = violations;
    this.unnamed = unnamed;
  }
}

/** The texts of an error with the names that clients use. */
export function hideDetail(detail: ErrorDetail, hide: (text: string) => string): ErrorDetail {
  const shown = Object.entries(detail).map(([field, text]: [string, string | undefined]) => [
    field,
    text && hide(text),
  ]);
  return { ...detail, ...Object.fromEntries(shown) };
}
