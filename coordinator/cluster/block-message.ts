/** Bytes of pixels in one message. */
export const MESSAGE_BYTES = 1 << 20;
/** Room for what a message says of its parts. */
const HEADER_BYTES = 64 << 10;
/** Messages that a pool keeps. */
const MAX_FREE = 16;
const CAPACITY_BYTES = MESSAGE_BYTES + HEADER_BYTES;

/** Tags of FetchBlocksResponse and BlockPart, see workers.proto: field number and wire type. */
const PARTS = 0x0a;
const INDEX = 0x08;
const LENGTH = 0x10;
const DATA = 0x1a;
const CRC = 0x20;
/** A length that is written before what it counts, and a CRC that a thread adds: varints of fixed size. */
const PART_LENGTH_BYTES = 4;
const CRC_BYTES = 5;
/** The most that one part takes beside its data: tags, both lengths, the index, the block's length, the CRC. */
const MAX_PART_HEADER_BYTES = 5 + PART_LENGTH_BYTES + 5 + 8 + 4 + CRC_BYTES;

/** A piece of a block in a message. */
export interface MessagePart {
  /** Where its data lie in the message; right behind them a thread writes their CRC by {@link putCrc}. */
  readonly at: number;
  readonly length: number;
}

/** A message as it is on the wire. */
export interface EncodedMessage {
  readonly bytes: Buffer;
  /** Called when it has left, its bytes not needed any more. */
  sent(): void;
}

/**
 * One FetchBlocksResponse as it is on the wire, made in place: who fills it writes pixels where they leave from, and
 * neither an encoder nor a message object copies them. The memory is used again for later messages. It is lent to
 * threads, not shared with them: V8 copies out of shared memory several times slower.
 */
export class BlockMessage implements EncodedMessage {
  readonly #pool: MessagePool;
  #bytes = Buffer.allocUnsafeSlow(CAPACITY_BYTES);
  #parts: MessagePart[] = [];
  #size = 0;
  #dataBytes = 0;

  constructor(pool: MessagePool) {
    this.#pool = pool;
  }

  get parts(): readonly MessagePart[] {
    return this.#parts;
  }

  /** Bytes of data that another part may have. */
  get room(): number {
    if (this.#size + MAX_PART_HEADER_BYTES > CAPACITY_BYTES - (MESSAGE_BYTES - this.#dataBytes)) return 0;
    return MESSAGE_BYTES - this.#dataBytes;
  }

  /** The message's memory, to be handed to a thread; until it is {@link restore}d the message has none. */
  get memory(): ArrayBuffer {
    return this.#bytes.buffer as ArrayBuffer;
  }

  restore(memory: ArrayBuffer): void {
    this.#bytes = Buffer.from(memory);
  }

  /** Empties it for the next use. */
  clear(): void {
    this.#parts = [];
    this.#size = 0;
    this.#dataBytes = 0;
  }

  /** Adds a piece of `length` ≤ {@link room} bytes of a block that has `blockLength` in all; returns where it goes. */
  add(index: number, blockLength: number, length: number): MessagePart {
    this.#byte(PARTS);
    const lengthAt = this.#size;
    this.#size += PART_LENGTH_BYTES;
    this.#byte(INDEX);
    this.#varint(index);
    this.#byte(LENGTH);
    this.#varint(blockLength);
    this.#byte(DATA);
    this.#varint(length);
    const part = { at: this.#size, length };
    this.#size += length;
    this.#byte(CRC);
    this.#size += CRC_BYTES;
    putVarint(this.#bytes, lengthAt, this.#size - lengthAt - PART_LENGTH_BYTES, PART_LENGTH_BYTES);
    putCrc(this.#bytes, part, 0);
    this.#parts.push(part);
    this.#dataBytes += length;
    return part;
  }

  /** What goes to the client, once every part is filled. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  sent(): void {
    this.#pool.give(this);
  }

  #byte(value: number): void {
    this.#bytes[this.#size++] = value;
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#byte((rest % 128) | 128);
    this.#byte(rest);
  }
}

/** Writes the CRC-32 of a part's data behind them. */
export function putCrc(message: Uint8Array, { at, length }: MessagePart, crc: number): void {
  putVarint(message, at + length + 1, crc, CRC_BYTES);
}

/** A varint of a fixed number of bytes, longer than it need be where the value is small: decoders take both. */
function putVarint(into: Uint8Array, at: number, value: number, bytes: number): void {
  let rest = value;
  for (let i = 0; i < bytes; i++) {
    into[at + i] = (rest & 127) | (i < bytes - 1 ? 128 : 0);
    rest >>>= 7;
  }
}

/** Messages that wait to be used again; as many as streams need at once, of which some are kept. */
export class MessagePool {
  readonly #free: BlockMessage[] = [];

  take(): BlockMessage {
    const message = this.#free.pop() ?? new BlockMessage(this);
    message.clear();
    return message;
  }

  give(message: BlockMessage): void {
    if (this.#free.length < MAX_FREE) this.#free.push(message);
  }
}
