import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { CompletedPart, Part, S3Client } from '@aws-sdk/client-s3';
import { HalotileError } from '../../tiling/errors.js';
import { parseS3Url } from '../../tiling/places/url.js';
import type { AssembledBytes, AssembledSource } from '../../tiling/stitch/assembled-bytes.js';
import { RecordLog, readRecords } from '../../tiling/stitch/record-log.js';
import { TransientFault } from './client.js';
import { ABOUT, s3Fault } from './s3-client.js';
import type { S3Settings } from './settings.js';

/** An output to be put into an S3 store. */
export interface UploadRequest {
  readonly url: string;
  readonly settings: S3Settings;
  readonly source: AssembledSource;
  /** File that remembers which parts are there: a later call goes on with them. */
  readonly log: string;
  readonly contentType: string;
  /** What is written down beside the object, in ASCII; see `ObjectState`. */
  readonly about?: string;
  /** A connection that stands still for so long is given up. */
  readonly stallMs?: number;
}

/** S3 takes 10,000 parts of at least 5 MiB each. */
const PART_BYTES = 16 << 20;
const MAX_PARTS = 10_000;
const PARTS_AT_ONCE = 4;
/** Of all uploads of this thread: each part under way is held in memory. */
const PARTS_HELD = 8;
const TRIES = 6;
const FIRST_PAUSE_MS = 100;
/** How often parts that a store has lost are sent again. */
const ROUNDS = 3;

/** The begin of an upload, as its log has it. */
interface BegunRecord {
  readonly type: 'begun';
  readonly url: string;
  readonly uploadId: string;
  readonly bytes: number;
  readonly partBytes: number;
}

/** A part that the store has taken. */
interface PartRecord {
  readonly type: 'part';
  readonly uploadId: string;
  readonly part: number;
  readonly etag: string;
  readonly crc: number;
}

type UploadRecord = BegunRecord | PartRecord;
type Sdk = typeof import('@aws-sdk/client-s3');

/** A store, and the bytes that go there. */
export interface UploadMeans {
  readonly sdk: Sdk;
  readonly client: S3Client;
  readonly source: AssembledBytes;
}

/** Sends an output to its place: in one request where it is no more than a part, otherwise part by part. */
export async function sendObject(request: UploadRequest, means: UploadMeans): Promise<void> {
  if (means.source.size <= PART_BYTES) await putWhole(request, means);
  else await putParts(request, means);
}

/** One request for what is no more than a part. */
async function putWhole(request: UploadRequest, { sdk, client, source }: UploadMeans): Promise<void> {
  await holding(async () => {
    const bytes = new Uint8Array(source.size);
    if (bytes.length > 0) source.fill(bytes, 0);
    const command = { ...placeOf(request.url), ...headersOf(request), ...bodyOf(bytes) };
    await patient(request.url, () => client.send(new sdk.PutObjectCommand(command)));
  });
}

async function putParts(request: UploadRequest, means: UploadMeans): Promise<void> {
  const log = RecordLog.open(request.log);
  try {
    await new Upload(request, { ...means, log }).run();
  } finally {
    log.close();
  }
}

/** What an object says of itself. */
function headersOf({ contentType, about }: UploadRequest) {
  return { ContentType: contentType, ...(about !== undefined && { Metadata: { [ABOUT]: about } }) };
}

/** Bytes to be sent; the store refuses what came damaged. */
function bodyOf(bytes: Uint8Array) {
  const ContentMD5 = createHash('md5').update(bytes).digest('base64');
  return { Body: bytes, ContentLength: bytes.length, ContentMD5 };
}

let free = PARTS_HELD;
const waiting: (() => void)[] = [];

/** Does what holds a part in memory, once there is room for one. */
async function holding(work: () => Promise<void>): Promise<void> {
  if (free > 0) free--;
  else await new Promise<void>((enter) => waiting.push(enter));
  try {
    await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  }
}

/** One upload in parts; its log says which of them the store has taken. */
class Upload {
  readonly #request: UploadRequest;
  readonly #url: string;
  readonly #at: { readonly Bucket: string; readonly Key: string };
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #source: AssembledBytes;
  readonly #log: RecordLog;
  readonly #partBytes: number;
  readonly #taken = new Map<number, PartRecord>();
  #uploadId = '';

  constructor(request: UploadRequest, means: UploadMeans & { readonly log: RecordLog }) {
    const { url } = request;
    this.#request = request;
    this.#url = url;
    this.#at = placeOf(url);
    this.#sdk = means.sdk;
    this.#client = means.client;
    this.#source = means.source;
    this.#log = means.log;
    const mebibyte = 1 << 20;
    this.#partBytes = Math.max(PART_BYTES, Math.ceil(means.source.size / MAX_PARTS / mebibyte) * mebibyte);
  }

  async run(): Promise<void> {
    let held = await this.#begin();
    for (let round = 1; ; round++) {
      const parts = await this.#sendParts(held);
      try {
        await this.#complete(parts);
        return;
      } catch (error) {
        if ((error as Error).name !== 'InvalidPart' || round === ROUNDS) throw error;
        // The store lost some: what it lists now counts.
        held = (await this.#listed()) ?? new Map();
      }
    }
  }

  /** The parts that the store has of the upload under way; of a new one none. */
  async #begin(): Promise<ReadonlyMap<number, Part>> {
    const { size } = this.#source;
    for (const record of readRecords(this.#log.path).records as UploadRecord[]) {
      if (record.type === 'begun') {
        const isOurs = record.url === this.#url && record.bytes === size && record.partBytes === this.#partBytes;
        this.#uploadId = isOurs ? record.uploadId : '';
        this.#taken.clear();
      } else if (record.uploadId === this.#uploadId) this.#taken.set(record.part, record);
    }
    const held = this.#uploadId === '' ? undefined : await this.#listed();
    if (held !== undefined) return held;
    const { CreateMultipartUploadCommand } = this.#sdk;
    const command = new CreateMultipartUploadCommand({ ...this.#at, ...headersOf(this.#request) });
    const { UploadId } = await this.#ask(() => this.#client.send(command));
    this.#uploadId = UploadId!;
    this.#taken.clear();
    const about = { url: this.#url, bytes: size, partBytes: this.#partBytes };
    this.#log.append({ type: 'begun', uploadId: this.#uploadId, ...about } satisfies BegunRecord);
    return new Map();
  }

  /** Undefined where the store no longer knows of the upload. */
  async #listed(): Promise<Map<number, Part> | undefined> {
    const parts = new Map<number, Part>();
    try {
      const asked = { ...this.#at, UploadId: this.#uploadId };
      for (let marker: string | undefined; ; ) {
        const from = marker;
        const page = await this.#ask(() =>
          this.#client.send(new this.#sdk.ListPartsCommand({ ...asked, ...(from && { PartNumberMarker: from }) })),
        );
        for (const part of page.Parts ?? []) parts.set(part.PartNumber!, part);
        marker = page.NextPartNumberMarker;
        if (!page.IsTruncated || marker === undefined) return parts;
      }
    } catch (error) {
      if ((error as Error).name === 'NoSuchUpload') return undefined;
      throw error;
    }
  }

  async #sendParts(held: ReadonlyMap<number, Part>): Promise<CompletedPart[]> {
    const count = Math.max(1, Math.ceil(this.#source.size / this.#partBytes));
    const done: CompletedPart[] = [];
    let next = 1;
    const lane = async () => {
      const memory = new Uint8Array(Math.min(this.#partBytes, this.#source.size));
      while (next <= count) {
        const part = next++;
        try {
          done[part - 1] = { PartNumber: part, ETag: await this.#sendPart(part, memory, held.get(part)) };
        } catch (error) {
          // Parts under way are still recorded: they need not be sent again.
          next = Number.POSITIVE_INFINITY;
          throw error;
        }
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: Math.min(PARTS_AT_ONCE, count) }, () => holding(lane)));
    for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
    return done;
  }

  async #sendPart(part: number, memory: Uint8Array, held: Part | undefined): Promise<string> {
    const offset = (part - 1) * this.#partBytes;
    const bytes = memory.subarray(0, Math.min(this.#partBytes, this.#source.size - offset));
    this.#source.fill(bytes, offset);
    const crc = crc32(bytes);
    const taken = this.#taken.get(part);
    const isThere = held !== undefined && held.ETag === taken?.etag && held.Size === bytes.length;
    if (taken !== undefined && isThere && taken.crc === crc) return taken.etag;
    const { ETag: etag } = await this.#ask(() =>
      this.#client.send(
        new this.#sdk.UploadPartCommand({
          ...{ ...this.#at, UploadId: this.#uploadId, PartNumber: part },
          ...bodyOf(bytes),
        }),
      ),
    );
    const record: PartRecord = { type: 'part', uploadId: this.#uploadId, part, etag: etag!, crc };
    this.#log.append(record);
    this.#taken.set(part, record);
    return etag!;
  }

  async #complete(parts: readonly CompletedPart[]): Promise<void> {
    const MultipartUpload = { Parts: [...parts] };
    const command = { ...this.#at, UploadId: this.#uploadId, MultipartUpload };
    try {
      await this.#ask(() => this.#client.send(new this.#sdk.CompleteMultipartUploadCommand(command)));
    } catch (error) {
      // A try that was thought lost may have been done.
      if ((error as Error).name !== 'NoSuchUpload' || !(await this.#isThere(parts))) throw error;
    }
  }

  /** Whether the object is made of these parts: S3's ETag of such an object is the MD5 of their MD5s. */
  async #isThere(parts: readonly CompletedPart[]): Promise<boolean> {
    const { ETag } = await this.#ask(() => this.#client.send(new this.#sdk.HeadObjectCommand(this.#at)));
    const sums = parts.map((part) => Buffer.from(part.ETag!.replaceAll('"', ''), 'hex'));
    const sum = createHash('md5').update(Buffer.concat(sums)).digest('hex');
    return ETag === `"${sum}-${parts.length}"`;
  }

  #ask<T>(ask: () => Promise<T>): Promise<T> {
    return patient(this.#url, ask);
  }
}

/** Where an object is, as requests name it. */
export function placeOf(url: string): { readonly Bucket: string; readonly Key: string } {
  const { bucket, key } = parseS3Url(url);
  return { Bucket: bucket, Key: key };
}

/** Names of faults of which the caller knows what to do: they come as the SDK's. */
const KNOWN: readonly string[] = ['NoSuchUpload', 'InvalidPart'];

/**
 * Asks a store again, after a pause that doubles, what may pass.
 * @throws output-failed where it has not passed; HalotileError for what does not
 */
export async function patient<T>(url: string, ask: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await ask();
    } catch (cause) {
      if (KNOWN.includes((cause as Error).name)) throw cause;
      const fault = s3Fault(cause, url);
      if (!(fault instanceof TransientFault)) throw fault;
      if (failures === TRIES) {
        const remedy = 'run the same command again to continue';
        throw new HalotileError('output-failed', { what: `cannot be written: ${fault.message}`, file: url, remedy });
      }
      await pause(FIRST_PAUSE_MS * 2 ** (failures - 1) * (0.5 + Math.random()));
    }
  }
}
