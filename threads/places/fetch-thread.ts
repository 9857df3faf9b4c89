import { parentPort, workerData } from 'node:worker_threads';
import { badInput, toErrorRecord } from '../../tiling/errors.js';
import { ChunkStore, type WantedChunk } from '../../tiling/places/chunk-store.js';
import type { ObjectState } from '../../tiling/places/opener.js';
import { isS3Url } from '../../tiling/places/url.js';
import { MissingObject, type ObjectClient } from './client.js';
import { HttpClient } from './http-client.js';
import { type FetchedMessage, type FetchMessage, type FetchThreadData, type LookMessage, Reply } from './messages.js';
import { readRange } from './read-range.js';
import { mayRead } from './settings.js';

/** Requests under way at once: enough to fill a line whose answers take a while. */
const MAX_REQUESTS = 16;
/** Chunks that lie together come in one request of at most so many bytes: longer ones would come one after the other. */
const MAX_REQUEST_BYTES = 4 << 20;
/** A connection that brings nothing for so long is given up. */
const STALL_MS = 30_000;

const { store: buffer, settings } = workerData as FetchThreadData;
const store = new ChunkStore(buffer);
const objects = new Map<number, { readonly url: string; readonly state: ObjectState }>();
let http: ObjectClient | undefined;
let s3: Promise<ObjectClient> | undefined;

async function clientOf(url: string): Promise<ObjectClient> {
  if (isS3Url(url)) {
    s3 ??= import('./s3-client.js').then(({ S3ObjectClient }) => new S3ObjectClient(settings.s3 ?? {}));
    return s3;
  }
  http ??= new HttpClient(mayRead);
  return http;
}

async function look({ url, file, reply }: LookMessage): Promise<void> {
  try {
    const range = { offset: 0, length: 1 };
    const state = await readRange({ client: await clientOf(url), url, range, stallMs: STALL_MS, onBytes() {} });
    objects.set(file, { url, state });
    new Reply(reply).give({ state });
  } catch (error) {
    new Reply(reply).give({ error: toErrorRecord(error, 'unreachable', { file: url }) });
  }
}

/** Fetches chunks that lie together and tells of each as soon as it is whole. */
async function fetch(run: readonly WantedChunk[]): Promise<void> {
  const { chunkBytes } = store;
  let done = 0;
  try {
    const { url, state } = objects.get(run[0]!.file)!;
    const offset = run[0]!.chunk * chunkBytes;
    const length = Math.min(run.length * chunkBytes, state.size - offset);
    let filled = 0;
    const onBytes = (bytes: Uint8Array) => {
      for (let from = 0; from < bytes.length; ) {
        const inChunk = filled - done * chunkBytes;
        const count = Math.min(chunkBytes - inChunk, bytes.length - from);
        store.bytesOf(run[done]!.slot).set(bytes.subarray(from, from + count), inChunk);
        from += count;
        filled += count;
        if (filled === length || filled === (done + 1) * chunkBytes) store.ready(run[done++]!.slot);
      }
    };
    await readRange({ client: await clientOf(url), url, state, range: { offset, length }, stallMs: STALL_MS, onBytes });
  } catch (error) {
    const record = toErrorRecord(error, 'unreachable');
    for (const { slot } of run.slice(done)) store.fail(slot, record);
  }
}

/** Answers with bytes that nothing else wants. */
async function fetchOnce({ id, url, part, maxBytes, sizeOnly = false }: FetchMessage): Promise<void> {
  try {
    const client = await clientOf(url);
    const range = sizeOnly ? { offset: 0, length: 1 } : (part ?? { offset: 0, length: maxBytes });
    const pieces: Uint8Array[] = [];
    const onBytes = (bytes: Uint8Array) => void pieces.push(bytes.slice());
    const { size } = await readRange({ client, url, range, stallMs: STALL_MS, onBytes });
    if (sizeOnly) return answer({ id, size });
    if (part === undefined && size > maxBytes) {
      throw badInput({ what: `${size} bytes`, file: url, expected: `at most ${maxBytes}` });
    }
    const bytes = pieces.length === 1 ? pieces[0]! : joined(pieces);
    if (part !== undefined && bytes.length < part.length) {
      throw badInput({ what: `it ends at byte ${size}`, file: url, expected: `${part.offset + part.length} bytes` });
    }
    answer({ id, bytes }, [bytes.buffer as ArrayBuffer]);
  } catch (error) {
    answer(error instanceof MissingObject ? { id } : { id, error: toErrorRecord(error, 'unreachable', { file: url }) });
  }
}

function answer(message: FetchedMessage, transferred: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transferred);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Fetches that wait while as many as may be are under way. */
const once: FetchMessage[] = [];
let onceUnderWay = 0;

function nextOnce(): void {
  while (onceUnderWay < MAX_REQUESTS && once.length > 0) {
    onceUnderWay++;
    void fetchOnce(once.shift()!).finally(() => {
      onceUnderWay--;
      nextOnce();
    });
  }
}

/** Wanted chunks as requests: the oldest wish first, each with the chunks that follow it in its object. */
function requestsOf(wanted: readonly WantedChunk[]): WantedChunk[][] {
  const most = Math.max(1, Math.floor(MAX_REQUEST_BYTES / store.chunkBytes));
  const waiting = new Map(wanted.map((each) => [`${each.file} ${each.chunk}`, each]));
  const requests: WantedChunk[][] = [];
  for (const first of wanted) {
    const run: WantedChunk[] = [];
    for (let chunk = first.chunk; run.length < most; chunk++) {
      const key = `${first.file} ${chunk}`;
      const next = waiting.get(key);
      if (next === undefined) break;
      waiting.delete(key);
      run.push(next);
    }
    if (run.length > 0) requests.push(run);
  }
  return requests;
}

async function serve(): Promise<void> {
  const queue: WantedChunk[][] = [];
  let underWay = 0;
  const next = () => {
    while (underWay < MAX_REQUESTS && queue.length > 0) {
      underWay++;
      void fetch(queue.shift()!).finally(() => {
        underWay--;
        next();
      });
    }
  };
  while (!store.isDead) {
    await store.wanted();
    queue.push(...requestsOf(store.takeWanted()));
    next();
  }
}

// Whoever waits must hear of a fault in here.
process.on('uncaughtException', (error) => {
  store.retire();
  throw error;
});
// Listening keeps the thread alive.
parentPort!.on('message', (message: LookMessage | FetchMessage) => {
  if ('reply' in message) {
    void look(message);
    return;
  }
  once.push(message);
  nextOnce();
});
void serve();
