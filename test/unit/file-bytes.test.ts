import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { HalotileError } from '../../tiling/errors.js';
import { FileBytes, readBytes } from '../../tiling/tiff/random-bytes.js';

const folder = mkdtempSync(join(tmpdir(), 'halotile-file-bytes-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A file of bytes that tell their place, shifted by `by`. */
function fileOf(name: string, length: number, by: number): { readonly bytes: Uint8Array; readonly path: string } {
  const path = join(folder, name);
  const bytes = Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8) + by) & 255);
  writeFileSync(path, bytes);
  return { bytes, path };
}

test('small and large structures of several open files are read as they lie, in any order', () => {
  const files = [fileOf('one', 20_000, 0), fileOf('two', 9000, 5), fileOf('three', 12, 9)];
  const open = files.map(({ path }) => new FileBytes(path));
  const reads = [
    [0, 8],
    [4094, 4],
    [8190, 4],
    [8180, 1024],
    [3000, 2000],
    [19_990, 10],
    [8, 4],
    [8996, 4],
  ] as const;
  for (const [offset, length] of reads) {
    for (const [which, { bytes }] of files.entries()) {
      if (offset + length > bytes.length) continue;
      const read = readBytes(open[which]!, offset, length, 'a structure');
      assert.deepEqual(read, bytes.slice(offset, offset + length), `file ${which} at ${offset}`);
    }
  }
  for (const file of open) file.close();
});

test('what was read of a closed file is not taken for what lies in the next one', () => {
  const before = new FileBytes(fileOf('same', 64, 1).path);
  assert.equal(readBytes(before, 0, 1, 'a byte')[0], 1);
  before.close();
  const now = new FileBytes(fileOf('same', 64, 2).path);
  assert.equal(readBytes(now, 0, 1, 'a byte')[0], 2);
  now.close();
});

test('a file that became shorter after it was opened is refused where it ends', () => {
  const { path } = fileOf('shorter', 6000, 0);
  const file = new FileBytes(path);
  writeFileSync(path, new Uint8Array(4100));
  const isRefused = (error: unknown) => error instanceof HalotileError && error.tag === 'bad-input';
  assert.throws(() => readBytes(file, 4098, 4, 'a tag'), isRefused);
  assert.equal(readBytes(file, 4096, 4, 'a tag').length, 4);
  file.close();
});
