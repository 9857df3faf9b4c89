import { join } from 'node:path';
import { forEachRecord, RecordLog } from '../../tiling/stitch/record-log.js';
import { pack, unpack } from '../../tiling/work/pack.js';
import type { SampleValue } from '../../tiling/work/sample.js';

/** A tile with more bytes to tell is looked at again after a death: noise has as many colours as pixels. */
const MAX_RECORD_BYTES = 1 << 20;

interface LookRecord {
  readonly tileIndex: number;
  readonly json: string;
  /** Base64. */
  readonly pieces: readonly string[];
}

/** What the tiles of a large image have told, kept until its character is done so that none is run twice. */
export class LookLog {
  readonly #log: RecordLog;
  readonly #path: string;

  /** @param key of everything that decides what the tiles tell */
  constructor(folder: string, key: string) {
    this.#path = join(folder, `${key}.look`);
    this.#log = RecordLog.open(this.#path);
  }

  /** What earlier runs have found, tile by tile. */
  forEach(visit: (tileIndex: number, value: SampleValue) => void): void {
    forEachRecord(this.#path, (record) => {
      const { tileIndex, json, pieces } = record as LookRecord;
      visit(tileIndex, unpack({ json, pieces: pieces.map((piece) => new Uint8Array(Buffer.from(piece, 'base64'))) }));
    });
  }

  add(tileIndex: number, value: SampleValue): void {
    const { json, pieces } = pack(value);
    if (pieces.reduce((sum, { length }) => sum + length, json.length) > MAX_RECORD_BYTES) return;
    const texts = pieces.map((piece) => Buffer.from(piece).toString('base64'));
    this.#log.append({ tileIndex, json, pieces: texts } satisfies LookRecord);
  }

  close(): void {
    this.#log.close();
  }
}
