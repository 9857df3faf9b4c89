import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Figure, FigureType } from '../../tiling/measure/figures.js';

/** What a table says beside its lines. */
export interface TableColumns {
  readonly columns: readonly string[];
  readonly types: readonly FigureType[];
}

/** A table while its lines arrive; few of them are held. */
export interface TableRows {
  /** Adds a line; whether something was written for it. */
  add(figures: readonly Figure[]): boolean;
  /** Writes what is held, and what ends the file. */
  finish(): void;
}

/** A file that grows at its end. */
export class TableFile {
  readonly #fd: number;
  /** Written so far. */
  bytes = 0;
  /** CRC-32 of what is written so far. */
  crc = 0;

  constructor(path: string) {
    this.#fd = openSync(path, 'w', 0o644);
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.bytes += bytes.length;
    this.crc = crc32(bytes, this.crc);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
