/** Reads the binary format of WebAssembly; the module was validated before, so lengths are right. */
export class WasmReader {
  constructor(
    private readonly bytes: Uint8Array,
    private at = 0,
  ) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    return this.bytes[this.at++]!;
  }

  /** An unsigned LEB128 number below 2^53. */
  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  /** Passes over a LEB128 number, signed or not. */
  skipNumber(): void {
    while (this.byte() >= 128);
  }

  skip(count: number): void {
    this.at += count;
  }

  /** The next `length` bytes as a reader of their own. */
  slice(length: number): WasmReader {
    const part = new WasmReader(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return part;
  }

  name(): string {
    const length = this.unsigned();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }

  /** Calls `read` as often as the count that comes first says. */
  repeat(read: () => void): void {
    for (let left = this.unsigned(); left > 0; left--) read();
  }
}
