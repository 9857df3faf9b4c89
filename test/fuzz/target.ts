/** A parser that sees foreign bytes. */
export interface FuzzTarget {
  readonly name: string;
  /** What mutation starts from: files of the fixtures, or texts as users write them. */
  readonly seeds: readonly Uint8Array[];
  /** Words of the format, put in as they are. */
  readonly words?: readonly Uint8Array[];
  /**
   * Parses one input. Whatever it throws must be an error of ours; anything else, a hang or the death of its thread is
   * a finding.
   */
  readonly run: (bytes: Uint8Array) => unknown;
  /** Inputs that are tried however long it takes, in the short and the long form. */
  readonly atLeast?: { readonly short: number; readonly long: number };
}

/** The bytes of a text. */
export function textOf(text: string): Uint8Array {
  return Buffer.from(text);
}
