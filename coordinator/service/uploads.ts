import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { badInput, badUsage, HalotileError } from '../../tiling/errors.js';
import type { Kept } from './expiry.js';

/** What an upload claims to be. */
export interface UploadDescription {
  readonly id: string;
  readonly size: number;
  readonly crc: number;
  readonly name: string;
}

/** How much of it is there. */
export interface UploadStatus {
  readonly received: number;
  readonly complete: boolean;
}

/** Bytes that uploads may take. */
export interface UploadLimits {
  /** One file. */
  readonly maxFileBytes: number;
  /** All files of one principal. */
  readonly maxPrincipalBytes: number;
  /** Files of one principal. */
  readonly maxPrincipalFiles: number;
  /** Files of one principal that are not complete. */
  readonly maxPrincipalOpen: number;
}

/** What the uploads of one principal come to. */
interface Held {
  /** As they were announced. */
  readonly bytes: number;
  readonly files: number;
  /** Those that are not complete. */
  readonly open: number;
}

/** An empty file takes a directory, a description and a mark. */
const LEAST_BYTES = 4096;

function bytesOnDisk(size: number): number {
  return Math.max(LEAST_BYTES, size);
}

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const EXTENSION = /^\.[A-Za-z0-9]{1,8}$/;
const DESCRIPTION = 'upload.json';
const COMPLETE = 'complete';

/** Images that clients sent, each in a directory of its own below that of its principal. */
export class Uploads {
  readonly directory: string;
  readonly #limits: UploadLimits;
  readonly #nowMs: () => number;
  /** Uploads that a stream is writing now. */
  readonly #busy = new Set<string>();
  /** What each principal's uploads come to, as far as they were added up. */
  readonly #held = new Map<string, Held>();

  /** @param nowMs milliseconds since 1970 */
  constructor(directory: string, limits: UploadLimits, nowMs: () => number) {
    this.directory = directory;
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Every upload, for whoever expires them; `used` names those that open jobs read, see {@link uploadName}. */
  kept(used: ReadonlySet<string>): Kept[] {
    if (!existsSync(this.directory)) return [];
    return readdirSync(this.directory).flatMap((owner) =>
      readdirSync(join(this.directory, owner)).map((id) => {
        const directory = join(this.directory, owner, id);
        const files = readdirSync(directory).map((name) => statSync(join(directory, name)));
        return {
          directory,
          bytes: files.reduce((sum, { size }) => sum + size, 0),
          usedMs: Math.max(...files.map(({ mtimeMs }) => mtimeMs), 0),
          held: this.#busy.has(directory) || used.has(`${owner}/${id}`),
        };
      }),
    );
  }

  /**
   * The real path of a complete upload, which counts as used now.
   * @throws bad-input where it is not there or not complete
   */
  pathOf(principal: string, id: string): string {
    const directory = this.#place(principal, id);
    const description = readDescription(directory);
    if (description !== undefined && existsSync(join(directory, COMPLETE))) {
      const seconds = this.#nowMs() / 1000;
      utimesSync(join(directory, COMPLETE), seconds, seconds);
      return join(directory, dataName(description));
    }
    throw badInput({
      what: description !== undefined ? 'the upload is not complete' : 'there is no such upload',
      file: `upload:${id}`,
      remedy: 'upload the whole file first',
    });
  }

  /** @throws not-found where nothing was ever sent */
  status(principal: string, id: string): UploadStatus {
    const directory = this.#place(principal, id);
    const description = readDescription(directory);
    if (description === undefined)
      throw new HalotileError('not-found', { what: 'no such upload', file: `upload:${id}` });
    const received = statSync(join(directory, dataName(description)), { throwIfNoEntry: false })?.size ?? 0;
    return { received, complete: existsSync(join(directory, COMPLETE)) };
  }

  /**
   * Writes chunks at their offsets, each checked. A stream that ends early leaves what came.
   * @throws over-limit, data-loss, bad-usage
   */
  async receive(
    principal: string,
    description: UploadDescription,
    chunks: AsyncIterable<{ readonly offset: number; readonly data: Uint8Array; readonly crc: number }>,
  ): Promise<UploadStatus> {
    const directory = this.#begin(principal, description);
    if (this.#busy.has(directory)) {
      throw new HalotileError('not-ready', { what: 'another stream is writing this upload', where: description.id });
    }
    if (existsSync(join(directory, COMPLETE))) return this.status(principal, description.id);
    this.#busy.add(directory);
    const path = join(directory, dataName(description));
    const file = await open(path, 'a', 0o600);
    try {
      await append(file, description, chunks);
    } finally {
      await file.close();
      this.#busy.delete(directory);
    }
    const status = this.status(principal, description.id);
    if (status.received < description.size) return status;
    if ((await crcOf(path)) !== description.crc) {
      rmSync(directory, { recursive: true });
      this.recount();
      throw new HalotileError('data-loss', {
        what: 'the file that arrived has another CRC-32 than was announced',
        file: `upload:${description.id}`,
        remedy: 'upload it again',
      });
    }
    writeFileSync(join(directory, COMPLETE), '', { mode: 0o600 });
    const held = this.#held.get(principal);
    if (held !== undefined) this.#held.set(principal, { ...held, open: held.open - 1 });
    return { ...status, complete: true };
  }

  #begin(principal: string, description: UploadDescription): string {
    const { id, size, name } = description;
    const directory = this.#place(principal, id);
    const { maxFileBytes, maxPrincipalBytes, maxPrincipalFiles, maxPrincipalOpen } = this.#limits;
    if (size > maxFileBytes) throw overLimit(`a file of ${size} bytes`, maxFileBytes, id);
    const known = readDescription(directory);
    if (known !== undefined) {
      if (known.size === size && known.crc === description.crc) return directory;
      throw new HalotileError('already-exists', {
        what: 'this upload id was used for another file',
        file: `upload:${id}`,
        remedy: 'use a new id',
      });
    }
    const held = this.#heldBy(principal);
    const bytes = held.bytes + bytesOnDisk(size);
    if (bytes > maxPrincipalBytes) throw overLimit(`${bytes} bytes of uploads`, maxPrincipalBytes, id);
    if (held.files >= maxPrincipalFiles) throw overLimit(`${held.files} uploads are here`, maxPrincipalFiles, id);
    if (held.open >= maxPrincipalOpen) throw overLimit(`${held.open} uploads are not complete`, maxPrincipalOpen, id);
    // What lies there without a description that holds belongs to no upload.
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const text = JSON.stringify({ id, size, crc: description.crc, name });
    writeFileSync(join(directory, DESCRIPTION), text, { mode: 0o600 });
    this.#held.set(principal, { bytes, files: held.files + 1, open: held.open + 1 });
    return directory;
  }

  /** Somebody has removed uploads. */
  recount(): void {
    this.#held.clear();
  }

  /** What a principal's uploads come to. */
  #heldBy(principal: string): Held {
    const known = this.#held.get(principal);
    if (known !== undefined) return known;
    const owned = join(this.directory, principalName(principal));
    const held = { bytes: 0, files: 0, open: 0 };
    for (const id of existsSync(owned) ? readdirSync(owned) : []) {
      held.bytes += bytesOnDisk(readDescription(join(owned, id))?.size ?? 0);
      held.files++;
      if (!existsSync(join(owned, id, COMPLETE))) held.open++;
    }
    this.#held.set(principal, held);
    return held;
  }

  #place(principal: string, id: string): string {
    if (!ID.test(id)) {
      throw badUsage({ what: `'${id}' is no upload id`, expected: "1 to 64 letters, digits, '-' and '_'" });
    }
    return join(this.directory, principalName(principal), id);
  }
}

async function append(
  file: FileHandle,
  { id, size }: UploadDescription,
  chunks: AsyncIterable<{ readonly offset: number; readonly data: Uint8Array; readonly crc: number }>,
): Promise<void> {
  let end = (await file.stat()).size;
  for await (const { offset, data, crc } of chunks) {
    const place = { file: `upload:${id}`, where: `at byte ${offset}` };
    if (crc32(data) !== crc) throw new HalotileError('data-loss', { what: 'a chunk was damaged on its way', ...place });
    if (offset > end || offset + data.length > size) {
      throw badUsage({
        what: 'a chunk is out of place',
        ...place,
        expected: `offset ${end} and at most ${size} bytes`,
      });
    }
    // What is there already is not written twice.
    const fresh = data.subarray(end - offset);
    if (fresh.length === 0) continue;
    await file.write(fresh);
    end += fresh.length;
  }
}

/** CRC-32 of a file. */
export async function crcOf(path: string): Promise<number> {
  let crc = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) crc = crc32(chunk as Buffer, crc);
  return crc;
}

/** An upload as {@link Uploads.kept} is told of it. */
export function uploadName(principal: string, id: string): string {
  return `${principalName(principal)}/${id}`;
}

/** Any principal as a directory name. */
function principalName(principal: string): string {
  return createHash('sha256').update(principal).digest('hex').slice(0, 32);
}

/** The extension is kept, since a few formats are told by it. */
function dataName({ name }: UploadDescription): string {
  const extension = extname(name);
  return `data${EXTENSION.test(extension) ? extension : ''}`;
}

/** What a description on the disk must be. */
const descriptionSchema = z.object({
  id: z.string().regex(ID),
  size: z.number().int().min(0),
  crc: z.number().int().min(0).max(0xffffffff),
  name: z.string(),
});

function readDescription(directory: string): UploadDescription | undefined {
  try {
    return descriptionSchema.parse(JSON.parse(readFileSync(join(directory, DESCRIPTION), 'utf8')));
  } catch {
    // Absent, or cut and damaged by whatever befell the disk: no upload either way.
    return undefined;
  }
}

function overLimit(what: string, limit: number, id: string): HalotileError {
  return new HalotileError('over-limit', { what, file: `upload:${id}`, expected: `at most ${limit}` });
}
