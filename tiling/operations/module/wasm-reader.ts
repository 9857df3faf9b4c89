/**
 * Reads the binary format of WebAssembly. Nothing is believed: what would lie beyond the end, or is longer than the
 * format allows, throws what `malformed` makes, so that every loop over a count ends with the bytes.
 */
export class WasmReader {
  constructor(
    private readonly bytes: Uint8Array,
    private readonly malformed: () => Error,
    private at = 0,
  ) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    if (this.done) throw this.malformed();
    return this.bytes[this.at++]!;
  }

  /** An unsigned LEB128 number of 32 bits. */
  unsigned(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 35; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128 && value < 2 ** 32) return value;
    }
    throw this.malformed();
  }

  /** Passes over a LEB128 number of up to 64 bits, signed or not. */
  skipNumber(): void {
    for (let length = 0; length < 10; length++) if (this.byte() < 128) return;
    throw this.malformed();
  }

  skip(count: number): void {
    if (count > this.bytes.length - this.at) throw this.malformed();
    this.at += count;
  }

  /** The next `length` bytes as a reader of their own. */
  slice(length: number): WasmReader {
    const from = this.at;
    this.skip(length);
    return new WasmReader(this.bytes.subarray(from, from + length), this.malformed);
  }

  name(): string {
    const length = this.unsigned();
    const from = this.at;
    this.skip(length);
    return new TextDecoder().decode(this.bytes.subarray(from, from + length));
  }

  /** Calls `read` as often as the count that comes first says; it must take a byte at least each time. */
  repeat(read: () => void): void {
    for (let left = this.unsigned(); left > 0; left--) read();
  }
}
