import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { workerData } from 'piscina';
import type { SpilledFrame } from '../../tiling/palette/frame-execution.js';
import type { DecodedFrame } from './decoded-frame.js';

/** What every thread for frames is started with. */
export interface FrameThreadData {
  /** Of the process. */
  readonly name?: string;
}

/** Stands for this process in the names of spill files. */
const writer: string = (workerData as FrameThreadData | null)?.name ?? `${process.pid}`;

/**
 * Appends frames to this thread's spill file in a directory, both made with the first one. The file's name holds
 * process and thread, so no two writers share one; what a dead process of the same numbers left stays valid.
 */
export class SpillWriter {
  readonly #directory: string;
  #fd: number | undefined;
  #offset = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Writes a frame; returns where it lies. */
  append({ rgba, size }: DecodedFrame): SpilledFrame {
    const file = join(this.#directory, `${writer}-${threadId}.raw`);
    if (this.#fd === undefined) {
      mkdirSync(this.#directory, { recursive: true });
      this.#fd = openSync(file, 'a');
      this.#offset = fstatSync(this.#fd).size;
    }
    const offset = this.#offset;
    let written = 0;
    while (written < rgba.length) written += writeSync(this.#fd, rgba, written);
    this.#offset += rgba.length;
    return { file, offset, size, crc: crc32(rgba) };
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

/** A spilled frame; undefined where its file is gone or does not hold it any more. */
export function readSpilled({ file, offset, size, crc, content }: SpilledFrame): DecodedFrame | undefined {
  if (content !== undefined) return crc32(content) === crc ? { rgba: content, size } : undefined;
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    const rgba = new Uint8Array(size.width * size.height * 4);
    let read = 0;
    while (read < rgba.length) {
      const count = readSync(fd, rgba, read, rgba.length - read, offset + read);
      if (count === 0) return undefined;
      read += count;
    }
    return crc32(rgba) === crc ? { rgba, size } : undefined;
  } finally {
    closeSync(fd);
  }
}
