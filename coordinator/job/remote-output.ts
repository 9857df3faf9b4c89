import { createHash } from 'node:crypto';
import { mkdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placeSettings } from '../../threads/places/settings.js';
import type { UploadAnswer, UploadRequest } from '../../threads/places/upload-thread.js';
import { Threads } from '../../threads/threads.js';
import { badUsage, fromErrorRecord } from '../../tiling/errors.js';
import { outputFolderOf, outputFormatOf } from '../../tiling/job/output-format.js';
import { fileNameOf, parseS3Url } from '../../tiling/places/url.js';
import type { AssembledSource } from '../../tiling/stitch/assembled-bytes.js';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
};

/**
 * An output in an S3 store. What a run leaves unfinished lies in a folder of this machine, under the object's name; the
 * finished output is nowhere put together but in the store.
 */
export class RemoteOutput {
  readonly url: string;
  /** Stands for the output on this machine: nothing is ever there, its partial directory is beside it. */
  readonly place: string;
  readonly #folder: string;
  readonly #threads: Threads<UploadAnswer>;

  private constructor(url: string) {
    this.url = url;
    const staging = placeSettings().staging ?? join(tmpdir(), 'halotile-uploads');
    this.#folder = join(staging, createHash('sha256').update(url).digest('hex').slice(0, 24));
    this.place = join(this.#folder, fileNameOf(url));
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = new URL('../../threads/places/upload-thread.js', import.meta.url);
    this.#threads = new Threads<UploadAnswer>({ file, count: 1 });
  }

  /**
   * @throws bad-usage where no such output can be; bad-input, not-allowed or output-failed where the store would not take
   *   it
   */
  static async open(url: string, inputs: readonly string[]): Promise<RemoteOutput> {
    parseS3Url(url);
    if (outputFolderOf(url) !== undefined) {
      throw badUsage({ what: 'an output that is a folder, in a store', file: url, expected: 'one object' });
    }
    if (inputs.includes(url)) {
      throw badUsage({ what: 'the output is also an input', file: url, remedy: 'choose another output' });
    }
    const output = new RemoteOutput(url);
    try {
      await output.#ask('probe', { url, settings: placeSettings().s3 ?? {} });
      return output;
    } catch (error) {
      await output.close();
      throw error;
    }
  }

  /**
   * Puts the finished output into the store; the object appears whole, or stays as it was.
   * @param partial directory in which the log of parts lies
   */
  async upload(source: AssembledSource, partial: string, signal: AbortSignal | undefined): Promise<number> {
    const { url } = this;
    const contentType = CONTENT_TYPES[outputFormatOf(url) ?? 'tiff'] ?? 'image/tiff';
    const log = join(partial, 'upload.log');
    return this.#ask('upload', { url, settings: placeSettings().s3 ?? {}, source, log, contentType }, signal);
  }

  async close(): Promise<void> {
    await this.#threads.close();
    try {
      rmdirSync(this.#folder);
    } catch {
      // What is unfinished stays.
    }
  }

  async #ask(name: 'probe' | 'upload', request: Partial<UploadRequest>, signal?: AbortSignal): Promise<number> {
    const answer = await this.#threads.ask(request, { name, ...(signal && { signal }) });
    if ('error' in answer) throw fromErrorRecord(answer.error);
    return answer.bytes;
  }
}
