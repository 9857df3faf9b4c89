import type { UploadRequest } from '../../threads/places/send-object.js';
import { placeSettings } from '../../threads/places/settings.js';
import type { UploadAnswer } from '../../threads/places/upload-thread.js';
import { Threads } from '../../threads/threads.js';
import { fromErrorRecord } from '../../tiling/errors.js';
import type { AssembledSource } from '../../tiling/stitch/assembled-bytes.js';

/** An object to be written. */
export interface ObjectToWrite {
  readonly url: string;
  readonly source: AssembledSource;
  /** File that remembers which parts are there. */
  readonly log: string;
  /** What is written down beside the object, in ASCII. */
  readonly about?: string;
}

/** Objects that are sent at a time. */
const AT_ONCE = 16;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ...{ tif: 'image/tiff', tiff: 'image/tiff', png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg' },
  ...{ webp: 'image/webp', json: 'application/json', html: 'text/html; charset=utf-8', dzi: 'application/xml' },
};

/** Writes objects of S3 stores for one run, on a thread of its own; each appears whole or stays as it was. */
export class ObjectWriter {
  readonly #threads: Threads<UploadAnswer>;

  constructor() {
    const file = new URL('../../threads/places/upload-thread.js', import.meta.url);
    this.#threads = new Threads<UploadAnswer>({ file, count: 1, requestsEach: AT_ONCE });
  }

  /** @throws bad-input, not-allowed or output-failed where the store would not take an object of that name */
  async probe(url: string): Promise<void> {
    await this.#ask('probe', { url });
  }

  /** Returns the bytes of the object. @throws output-failed or not-allowed; the same call goes on with what is there */
  async put({ url, ...object }: ObjectToWrite, signal?: AbortSignal): Promise<number> {
    const ending = /\.([^./]+)$/.exec(url)?.[1]?.toLowerCase() ?? '';
    const contentType = CONTENT_TYPES[ending] ?? 'application/octet-stream';
    return (await this.#ask('upload', { url, ...object, contentType }, signal)).bytes;
  }

  /** Names of the objects and folders below a URL, as many as a store lists at once. @throws output-failed or not-allowed */
  async namesBelow(url: string): Promise<readonly string[]> {
    return (await this.#ask('namesBelow', { url })).names!;
  }

  /** Removes an object, if it is there. @throws output-failed or not-allowed */
  async remove(url: string): Promise<void> {
    await this.#ask('remove', { url });
  }

  /** Removes all objects below a URL but the one called `keep` there. @throws output-failed or not-allowed */
  async removeBelow(url: string, keep: string): Promise<void> {
    await this.#ask('removeBelow', { url, keep });
  }

  close(): Promise<void> {
    return this.#threads.close();
  }

  async #ask(
    name: 'probe' | 'upload' | 'namesBelow' | 'remove' | 'removeBelow',
    request: Partial<UploadRequest> & { readonly keep?: string },
    signal?: AbortSignal,
  ) {
    const whole = { ...request, settings: placeSettings().s3 ?? {} };
    const answer = await this.#threads.ask(whole, { name, ...(signal && { signal }) });
    if ('error' in answer) throw fromErrorRecord(answer.error);
    return answer;
  }
}
