import { mkdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { characterHistory } from '../../../coordinator/dataset/character-ledger.js';
import { atOnce } from '../../../tiling/breath.js';
import { encodeRecord } from '../../../tiling/stitch/record-log.js';
import { readTiles } from '../../../tiling/stitch/tile-ledger.js';
import { type FuzzTarget, textOf } from '../target.js';
import { scratchFile } from './scratch-file.js';

const RECORDS: readonly object[] = [
  { type: 'adopt', epochs: [] },
  {
    type: 'tile',
    stage: 0,
    tileIndex: 1,
    part: 'epoch-000001/part-a',
    blocks: [[0, 1, 0, 99, 7]],
    pixelCrc: 5,
    term: 6,
  },
  {
    type: 'tile',
    stage: 1,
    tileIndex: 0,
    part: '',
    blocks: [],
    pixelCrc: 5,
    term: 6,
    partial: { a: 1 },
    carries: ['AAAA'],
  },
  { type: 'publish', inode: '12:34' },
];

/** Of a character's. */
const CHARACTER: readonly object[] = [
  { type: 'adopt', epochs: [] },
  { type: 'begin', digest: '0'.repeat(64) },
  {
    ...{ type: 'frame', name: 'a.png', print: [['1', '2', '3'], null], hash: '', source: '4×4' },
    spilled: ['1.raw', 0, 4, 4, 9],
  },
  { type: 'written', name: 'a.png', file: 'walk/a.png', bytes: 9, fit: null, sample: null },
];

const folder = dirname(scratchFile('ledgers', new Uint8Array()));
const partial = join(folder, 'out.tif.partial');
mkdirSync(join(partial, 'epoch-000001'), { recursive: true });

/** Lines that are JSON as records with their checksums right, so that mutations reach what records say. */
function recorded(bytes: Uint8Array): Uint8Array {
  const lines = new TextDecoder().decode(bytes).split('\n');
  const records = lines.flatMap((line) => {
    try {
      return encodeRecord(JSON.parse(line.replace(/^[0-9a-f]{8} /, '')));
    } catch {
      return [];
    }
  });
  return textOf(records.join(''));
}

/** Paths in records stay inside their folder. */
function assertInside(path: string): void {
  const inside = relative(folder, resolve(folder, path));
  if (inside === '' || /^\.\.(?:\/|$)/.test(inside) || inside.includes('\0')) throw new Error(`'${path}' leads out`);
}

/** What the next run finds of an unfinished one. */
export const ledgers: FuzzTarget = {
  name: 'ledger',
  seeds: [
    textOf(RECORDS.map(encodeRecord).join('')),
    textOf(RECORDS.slice(0, 2).map(encodeRecord).join('')),
    textOf(CHARACTER.map(encodeRecord).join('')),
  ],
  words: [
    '"type":"tile"',
    '"file":"../',
    '"blocks":[[',
    'null',
    '-1',
    '"epochs":[{"epoch":1,"bytes":3,"crc":0}]',
    '[]',
    '{}',
    '"',
  ].map(textOf),
  run: (bytes) => {
    for (const content of [bytes, recorded(bytes)]) {
      scratchFile('out.tif.partial/epoch-000001/ledger', content);
      readTiles(partial);
      const history = atOnce(characterHistory(partial));
      const visiting = history.visit((record) => {
        if (record?.type === 'written') assertInside(record.file);
        if (record?.type === 'frame' && record.spilled !== null) assertInside(record.spilled[0]);
      });
      atOnce(visiting);
    }
  },
};
