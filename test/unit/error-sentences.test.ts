import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ServiceError } from '@grpc/grpc-js';
import { readFailure, writeFailure } from '../../proto/convert/failure.js';
import { fromStatus, toStatus } from '../../proto/convert/status.js';
import { halotile } from '../../proto/gen/messages.js';
import {
  aboutFile,
  badInput,
  calledBy,
  type ErrorRecord,
  errorRecordSchema,
  fromErrorRecord,
  HalotileError,
  sentenceOf,
  toErrorRecord,
} from '../../tiling/errors.js';
import { said, textOf } from '../../tiling/words.js';

const RECORD: ErrorRecord = {
  tag: 'bad-input',
  detail: {
    what: 'the map is 3×4',
    file: '/disk/maps/a.tif',
    where: ': map',
    pixel: { x: 3, y: 0 },
    expected: said`5×6, the size of ${{ file: '/disk/slides/a.tif' }}`,
    remedy: 'write it anew',
  },
};
const NAMES: Readonly<Record<string, string>> = {
  '/disk/maps/a.tif': 'upload:m',
  '/disk/slides/a.tif': 'root:in/a.tif',
};
const nameOf = (path: string) => NAMES[path] ?? '?';

test('a sentence names files as they were met, and as somebody else calls them', () => {
  const error = fromErrorRecord(RECORD);
  const told = 'MAP: map pixel 3,0: the map is 3×4; expected 5×6, the size of IMAGE; write it anew';
  const as = (map: string, image: string) => told.replace('MAP', map).replace('IMAGE', image);
  assert.equal(error.message, as('/disk/maps/a.tif', '/disk/slides/a.tif'));
  assert.equal(textOf(sentenceOf(error.detail), nameOf), as('upload:m', 'root:in/a.tif'));
  const renamed = new HalotileError('bad-input', calledBy(error.detail, nameOf));
  assert.equal(renamed.message, as('upload:m', 'root:in/a.tif'));
  assert.equal(renamed.detail.file, 'upload:m');
  // What looks like a path elsewhere in the text is none.
  const plain = { what: 'its name is /disk/maps/a.tif', file: '/disk/maps/a.tif' };
  assert.equal(textOf(sentenceOf(plain), nameOf), 'upload:m: its name is /disk/maps/a.tif');
});

test('a sentence in a sentence keeps the names of its files', () => {
  const inner = { what: 'no image', file: '/disk/maps/a.tif' };
  const { detail } = badInput({ what: said`1 of 2 cannot be read (${sentenceOf(inner)})`, where: 'character knight' });
  assert.equal(textOf(sentenceOf(detail), nameOf), 'character knight: 1 of 2 cannot be read (upload:m: no image)');
  assert.equal(aboutFile(detail, '/disk/maps/a.tif'), detail);
  assert.equal(
    textOf(sentenceOf(aboutFile({ what: 'it died', where: 'GPU' }, '/disk/maps/a.tif')), nameOf),
    'upload:m: GPU: it died',
  );
});

test('files stay apart from the words on the way through a message, a ledger and a status', () => {
  const { Failure } = halotile.v1;
  const travelled = Failure.decode(Failure.encode(writeFailure(RECORD)).finish());
  assert.equal(travelled.expected, '5×6, the size of /disk/slides/a.tif');
  assert.deepEqual(readFailure(travelled), RECORD);
  assert.deepEqual(errorRecordSchema.parse(JSON.parse(JSON.stringify(RECORD))), RECORD);
  const status = toStatus(fromErrorRecord(RECORD));
  const error = fromStatus({ ...status, metadata: status.metadata } as unknown as ServiceError);
  assert.deepEqual({ tag: error.tag, detail: error.detail }, RECORD);
  assert.equal(error.message, status.details);
});

test('mentions of a foreign failure that lie in no text are none', () => {
  const at = (start: number, end: number) => ({ text: 'what', start, end });
  const failure = { tag: 'bad-input', what: 'like a.tif', mentions: [at(5, 99), at(5, 10), at(7, 9), at(4, 4)] };
  assert.deepEqual(readFailure(failure).detail.what, ['like ', { file: 'a.tif' }]);
});

test('an answer of the operating system names its file beside its words', () => {
  let met: unknown;
  try {
    readFileSync('/nowhere/at/all.tif');
  } catch (error) {
    met = error;
  }
  assert.deepEqual(toErrorRecord(met, 'output-failed').detail, {
    what: 'no such file or directory (ENOENT)',
    file: '/nowhere/at/all.tif',
  });
});

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDERS = ['tiling', 'worker', 'coordinator', 'library', 'threads', 'proto'];

function* sources(): Generator<readonly [name: string, text: string]> {
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.startsWith('gen/')) continue;
      yield [join(folder, name), readFileSync(join(ROOT, folder, name), 'utf8')];
    }
  }
}

test('no source puts a path into the text of an error, or takes one out of it', () => {
  const isPath = String.raw`\$\{[\w.!#]*(?:\b(?:path|file|folder|url)|Path|File|Folder|Url)\}`;
  const faults: readonly (readonly [RegExp, string])[] = [
    [new RegExp(String.raw`\b(?:what|where|expected|remedy)(?:: | = )\`[^\`]*${isPath}`, 'g'), 'a path in a text'],
    [/\bwhere: [\w.!#]*\b(?:path|file|folder|url|[a-z]\w*Path)[,\s}]/g, 'a path that is no field'],
    [/\b(?:detail(?:\.\w+)?|what|where|expected|remedy)[)!]*\s*\.replace(?:All)?\(/g, 'a text that is written anew'],
  ];
  let seen = 0;
  for (const [name, text] of sources()) {
    seen++;
    for (const [pattern, what] of faults) {
      assert.deepEqual(text.match(pattern) ?? [], [], `${name}: ${what}; use the fields of ErrorDetail, or said`);
    }
  }
  assert.ok(seen > 500, `${seen} sources`);
});
