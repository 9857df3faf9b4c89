import { Threads } from '../../threads/threads.js';
import { fromErrorRecord } from '../../tiling/errors.js';
import { type BlockMessage, MessagePool } from './block-message.js';
import type { Filled, FillRequest, StoreRequest } from './file-thread.js';
import { type Look, type LookRequest, look, type ThreadAnswer } from './look-at-file.js';

/** One thread fills or checks about a gigabyte a second; the second one goes on while the first waits for a disk. */
const THREADS = 2;
/** Threads hold nothing but what they were handed: collected often, it is freed soon. */
const YOUNG_GENERATION_MIB = 1;

/** Results whose blocks are handed to a thread together, where many small ones come at once; and their bytes. */
const STORED_AT_ONCE = 32;
const STORED_AT_ONCE_BYTES = 4 << 20;
/** A piece that is read in less time than a thread is asked in. */
const SMALL_BYTES = 64 << 10;

/** Blocks that wait to be handed to a thread. */
interface WaitingStore {
  readonly request: StoreRequest;
  readonly settle: (answer: Promise<ThreadAnswer<number | undefined>>) => void;
}

/**
 * Reads and writes the files behind inline transfers, away from the main thread: whoever else talks to the coordinator
 * does not wait for a disk, nor for a storage server that does not answer.
 */
export class FileThreads {
  readonly messages = new MessagePool();
  readonly #pool = new Threads<ThreadAnswer<unknown>>({
    file: new URL('./file-thread.js', import.meta.url),
    count: THREADS,
    idleMs: 60_000,
    youngHeapMiB: YOUNG_GENERATION_MIB,
  });
  #stores: WaitingStore[] = [];
  #storeBytes = 0;

  /**
   * Fills a message; the CRCs of its parts.
   * @throws data-loss where a file cannot be read; bad-input where it ends early
   */
  async fill(message: BlockMessage, rest: Omit<FillRequest, 'memory' | 'parts'>): Promise<readonly number[]> {
    const request: FillRequest = { memory: message.memory, parts: message.parts, ...rest };
    const { memory, crcs } = await this.#ask<Filled>('fill', request, [request.memory]);
    message.restore(memory);
    return crcs;
  }

  /**
   * Checks and writes blocks; the number of the first damaged one, of which nothing is written. The pieces are gone
   * afterwards where their memory is theirs alone, and untouched otherwise.
   * @throws output-failed where the file cannot be written
   */
  async store(request: StoreRequest): Promise<number | undefined> {
    const answer = await new Promise<ThreadAnswer<number | undefined>>((settle) => {
      // To wake a thread takes longer than to write a small block: those of one turn go together.
      const waiting = this.#stores.push({ request, settle });
      this.#storeBytes += request.blocks.reduce((sum, { length }) => sum + length, 0);
      if (waiting === STORED_AT_ONCE || this.#storeBytes >= STORED_AT_ONCE_BYTES) this.#handOver();
      else if (waiting === 1) setImmediate(() => this.#handOver());
    });
    return told(answer);
  }

  /**
   * Looks at files that somebody else wrote.
   * @param here on the main thread, which takes less than to ask another one: for the few results of a small job
   * @throws output-failed where one cannot be read
   */
  async look(requests: readonly LookRequest[], here: boolean): Promise<Look[]> {
    const isSmall = requests.every(({ piece }) => (piece?.length ?? 0) <= SMALL_BYTES);
    const answers =
      here && isSmall ? requests.map(look) : await this.#ask<readonly ThreadAnswer<Look>[]>('lookAll', requests, []);
    return answers.map(told);
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  #handOver(): void {
    const stores = this.#stores;
    if (stores.length === 0) return;
    this.#stores = [];
    this.#storeBytes = 0;
    const requests = stores.map(({ request }) => ({ ...request, pieces: request.pieces.map(own) }));
    const memory = requests.flatMap(({ pieces }) => pieces.map(({ buffer }) => buffer as ArrayBuffer));
    const answers = this.#ask<readonly ThreadAnswer<number | undefined>[]>('storeAll', requests, memory);
    for (const [i, { settle }] of stores.entries()) settle(answers.then((all) => all[i]!));
  }

  async #ask<T>(name: string, request: object, transferList: ArrayBuffer[]): Promise<T> {
    return told((await this.#pool.ask(request, { name, transferList })) as ThreadAnswer<T>);
  }
}

/** @throws HalotileError that the thread told */
function told<T>(answer: ThreadAnswer<T>): T {
  if ('error' in answer) throw fromErrorRecord(answer.error);
  return answer.value;
}

/** What a message may have around its data. */
const MAX_FRAMING_BYTES = 64;

/** The same bytes in memory that nobody else looks at, so that it can be handed to a thread. */
function own(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes;
  const alone = byteOffset <= MAX_FRAMING_BYTES && buffer.byteLength === byteOffset + byteLength;
  return alone && byteLength > Buffer.poolSize ? bytes : new Uint8Array(bytes);
}
