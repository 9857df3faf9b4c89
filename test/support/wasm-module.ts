/** Parts of a WebAssembly module as bytes, for modules that no compiler would make. */
export interface ModuleParts {
  /** Bodies of halotile_buffer and halotile_pixel, from their locals to their end. */
  readonly buffer?: readonly number[];
  readonly pixel?: readonly number[];
  /** Sections by number, their content; they replace what would be there. */
  readonly sections?: Readonly<Record<number, readonly number[]>>;
}

/** An unsigned number as LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** Entries behind their count. */
export function vector(...entries: readonly (readonly number[])[]): number[] {
  return [...leb(entries.length), ...entries.flat()];
}

/** Bytes behind their length. */
export function sized(bytes: readonly number[]): number[] {
  return [...leb(bytes.length), ...bytes];
}

const name = (text: string) => sized([...Buffer.from(text)]);
const I32 = 0x7f;
const PIXEL_TYPE = [0x60, ...vector(...new Array<number[]>(10).fill([I32])), 1, 0x7c];

/** A module of pixel form; its buffer lies at 1024 and its memory has one page. */
export function wasmModule({ buffer = CONST_1024, pixel = NOTHING, sections = {} }: ModuleParts = {}): Uint8Array {
  const all: Record<number, readonly number[]> = {
    1: vector([0x60, 1, I32, 1, I32], PIXEL_TYPE),
    3: vector([0], [1]),
    5: vector([1, 1, 4]),
    7: vector([...name('halotile_buffer'), 0, 0], [...name('halotile_pixel'), 0, 1], [...name('memory'), 2, 0]),
    10: vector(sized(buffer), sized(pixel)),
    ...sections,
  };
  const body = Object.entries(all).flatMap(([id, content]) => [Number(id), ...sized(content)]);
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...body]);
}

const END = 0x0b;
const CONST_1024 = [0, 0x41, ...[0x80, 0x08], END];
const ZERO = [0x44, 0, 0, 0, 0, 0, 0, 0, 0];
/** Gives 0. */
const NOTHING = [0, ...ZERO, END];

/** A pixel body that never ends where `x` (the pixel's column) is at least `from`, and gives 0 elsewhere. */
export function endlessFrom(from: number): number[] {
  return [0, 0x20, 5, 0x41, ...signed(from), 0x4e, 0x04, 0x40, 0x03, 0x40, 0x0c, 0, END, END, ...ZERO, END];
}

/** A pixel body that traps where `x` is below `to` and never ends elsewhere. */
export function trapBelow(to: number): number[] {
  return [0, 0x20, 5, 0x41, ...signed(to), 0x48, 0x04, 0x40, 0x00, END, 0x03, 0x40, 0x0c, 0, END, ...ZERO, END];
}

/**
 * A pixel body with an exception's `try`, whose immediate a reader that does not know it takes for an instruction;
 * behind it that reader finds a branch table with 2^32 − 1 targets.
 */
export const HIDDEN_TABLE: readonly number[] = [
  ...[0, 0x06, 0x40, 0xfd, 0x0c, 0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f],
  ...new Array<number>(10).fill(0),
  ...[0x1a, 0x0b, ...ZERO, END],
];

function signed(value: number): number[] {
  const bytes = leb(value);
  return bytes.at(-1)! < 64 ? bytes : [...bytes.slice(0, -1), bytes.at(-1)! + 128, 0];
}
