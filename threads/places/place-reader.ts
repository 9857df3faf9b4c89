import { Worker } from 'node:worker_threads';
import { badInput, fromErrorRecord, HalotileError, toErrorRecord } from '../../tiling/errors.js';
import { RECHECK_MS } from '../../tiling/futex.js';
import { ChunkStore } from '../../tiling/places/chunk-store.js';
import {
  type ByteRange,
  type ObjectState,
  type PlaceOpener,
  type RemoteBytes,
  registerPlaces,
} from '../../tiling/places/opener.js';
import { storeBytes } from '../../tiling/places/store-bytes.js';
import { isS3Url, isUrl } from '../../tiling/places/url.js';
import { waitAsync } from '../../tiling/wait-async.js';
import { type FetchedMessage, type FetchMessage, type FetchThreadData, Reply } from './messages.js';
import { mayRead, placeSettings } from './settings.js';

/** 64 MiB: the bytes that a few tiles' halos share. */
const STORE = { slots: 256, chunkBytes: 256 << 10 };

/** An object as a store knows it. */
interface KnownObject {
  readonly url: string;
  /** Its number in the store. */
  readonly file: number;
  readonly state: ObjectState;
}

/** Objects that other threads of the process read out of the same store. */
export interface SharedObjects {
  readonly store: SharedArrayBuffer;
  readonly objects: readonly KnownObject[];
}

/** The thread that fetches, and what it fetches into. */
interface Fetching {
  readonly store: ChunkStore;
  readonly worker: Worker;
}

/**
 * Reads remote objects for one thread, which waits while another thread fetches. That one starts when something is read
 * for the first time, and ends with this one.
 */
export class PlaceReader implements PlaceOpener {
  #fetching: Fetching | undefined;
  readonly #known = new Map<string, KnownObject & { readonly store: ChunkStore }>();
  #files = 0;
  /** Answers that are waited for without holding the thread up. */
  #looks = 0;
  /** Who waits for bytes that are fetched once. */
  readonly #fetches = new Map<number, (answer: Omit<FetchedMessage, 'id'>) => void>();
  #fetched = 0;

  state(url: string): ObjectState {
    const { reply, settle, store } = this.#ask(url);
    let answer = reply.taken();
    for (; answer === undefined; answer = reply.taken()) {
      Atomics.wait(reply.words, 0, 0, RECHECK_MS);
      if (store.isDead) throw ended(url);
    }
    return settle();
  }

  async look(url: string): Promise<ObjectState> {
    const { reply, settle, worker } = this.#ask(url);
    const { async, value } = waitAsync(reply.words, 0, 0);
    if (async) await this.#alive(worker, value);
    return settle();
  }

  async fetch(url: string, what: { readonly part?: ByteRange; readonly maxBytes: number }) {
    return (await this.#fetch({ url, ...what })).bytes;
  }

  async size(url: string): Promise<number | undefined> {
    return (await this.#fetch({ url, maxBytes: 1, sizeOnly: true })).size;
  }

  async #fetch(asked: Omit<FetchMessage, 'id'>): Promise<Omit<FetchedMessage, 'id'>> {
    const { worker } = this.#allowed(asked.url);
    const id = this.#fetched++;
    const answered = new Promise<Omit<FetchedMessage, 'id'>>((resolve) => this.#fetches.set(id, resolve));
    worker.postMessage({ ...asked, id } satisfies FetchMessage);
    const { error, ...answer } = await this.#alive(worker, answered);
    if (error !== undefined) throw fromErrorRecord(error);
    return answer;
  }

  /** Waits for what the fetching thread brings; nothing else keeps the process alive meanwhile. */
  async #alive<T>(worker: Worker, answer: Promise<T>): Promise<T> {
    if (this.#looks++ === 0) worker.ref();
    try {
      return await answer;
    } finally {
      if (--this.#looks === 0) worker.unref();
    }
  }

  open(url: string): RemoteBytes {
    let known = this.#known.get(url);
    if (known === undefined || known.store.isDead) {
      this.state(url);
      known = this.#known.get(url)!;
    }
    const { store, file, state } = known;
    return storeBytes(store, { name: url, size: state.size, file });
  }

  /** Looks at those of some names that are remote and not known yet, without holding the thread up. */
  async prepare(names: readonly string[]): Promise<void> {
    const unknown = names.filter((name) => isUrl(name) && this.#known.get(name)?.store.isDead !== false);
    await Promise.all(unknown.map((url) => this.look(url)));
  }

  /**
   * The same, and has their first and last bytes here, where headers lie: who opens them next does not wait. What cannot
   * be had, whoever reads it is told.
   */
  async fetchHeaders(names: readonly string[]): Promise<void> {
    await this.prepare(names);
    const known = names.flatMap((name) => this.#known.get(name) ?? []);
    const ends = known.flatMap(({ store, file, state }) =>
      [0, Math.floor(Math.max(0, state.size - 1) / store.chunkBytes)].map((chunk) => ({ store, file, chunk })),
    );
    for (const { store, file, chunk } of ends) store.want(file, [chunk]);
    for (const { store, file, chunk } of ends) await store.arrived(file, chunk);
  }

  /** What other threads need to read these objects out of this thread's store; undefined where none is remote. */
  share(names: Iterable<string>): SharedObjects | undefined {
    const urls = [...names].filter(isUrl);
    if (urls.length === 0) return undefined;
    for (const url of urls) this.open(url).close();
    const objects = urls.map((url) => this.#known.get(url)!);
    return {
      store: this.#fetching!.store.buffer,
      objects: objects.map(({ url, file, state }) => ({ url, file, state })),
    };
  }

  /** Reads objects out of another thread's store. */
  adopt({ store: buffer, objects }: SharedObjects): void {
    const store = new ChunkStore(buffer);
    for (const object of objects) this.#known.set(object.url, { ...object, store });
  }

  /** A thread died that may have left the store locked: what is read next is fetched anew. */
  retire(): void {
    this.#fetching?.store.retire();
    void this.#fetching?.worker.terminate();
    this.#fetching = undefined;
    this.#known.clear();
  }

  /** The thread that fetches. @throws where the URL is none, or not to be read */
  #allowed(url: string): Fetching {
    if (!isS3Url(url) && !URL.canParse(url)) {
      throw badInput({ what: 'not a URL', file: url, expected: 'https://HOST/PATH' });
    }
    if (!mayRead(url)) {
      throw new HalotileError('not-allowed', {
        what: 'nothing may be read there',
        file: url,
        expected: 'a URL below those that --allow-place names',
      });
    }
    return this.#started();
  }

  #ask(url: string) {
    const { store, worker } = this.#allowed(url);
    const reply = new Reply();
    const file = this.#files++;
    worker.postMessage({ url, file, reply: reply.buffer });
    const settle = (): ObjectState => {
      const answer = reply.taken()!;
      if ('error' in answer) throw fromErrorRecord(answer.error);
      const { state } = answer;
      const before = this.#known.get(url);
      // What is held of an object that did not change stays of use.
      if (before?.store !== store || !isSame(before.state, state)) this.#known.set(url, { url, file, state, store });
      return state;
    };
    return { reply, settle, store, worker };
  }

  #started(): Fetching {
    if (this.#fetching === undefined || this.#fetching.store.isDead) {
      const store = new ChunkStore(STORE);
      const data: FetchThreadData = { store: store.buffer, settings: placeSettings() };
      const worker = new Worker(new URL('./fetch-thread.js', import.meta.url), { workerData: data });
      worker.once('error', () => {
        store.retire();
        for (const answer of this.#fetches.values())
          answer({ error: toErrorRecord(ended('a remote input'), 'unreachable') });
        this.#fetches.clear();
      });
      worker.on('message', ({ id, ...answer }: FetchedMessage) => {
        this.#fetches.get(id)?.(answer);
        this.#fetches.delete(id);
      });
      worker.unref();
      this.#fetching = { store, worker };
    }
    return this.#fetching;
  }
}

/** This thread's. */
export const PLACES = new PlaceReader();

/** From now on this thread reads URLs as it reads files. */
export function readPlaces(): void {
  registerPlaces(PLACES);
}

function isSame(a: ObjectState, b: ObjectState): boolean {
  return a.size === b.size && a.etag === b.etag && a.modifiedMs === b.modifiedMs;
}

function ended(url: string): HalotileError {
  return new HalotileError('unreachable', { what: 'the thread that fetches remote inputs has ended', file: url });
}
