import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import type { Directory } from '../../tiling/tiff/directory.js';
import { parseHeader } from '../../tiling/tiff/header.js';
import { memoryBytes } from '../../tiling/tiff/random-bytes.js';
import { TAG } from '../../tiling/tiff/tags.js';

/** Levels of more blocks than this are not checked by these tests. */
const MOST_BLOCKS = 1 << 16;
/** Blocks begin at a multiple of this. */
const ALIGN = 16;

/**
 * Asserts the layout of an output for every one of its blocks: all directories and their values before any pixel,
 * each level half of the one before, then the data from the smallest level to level 0, each level row-major without
 * gaps, and every block as long as what it decodes to demands.
 */
export function assertCogLayout(path: string): void {
  const file = readFileSync(path);
  const { kind, littleEndian, directories } = parseHeader(memoryBytes(path, file));
  assert.equal(kind, 'BigTIFF');
  assert.ok(littleEndian);
  const levels = directories.map((directory) => readLevel(directory));
  const indexEnd = Math.max(...directories.map(indexEndOf));
  directories.forEach((directory, i) => {
    assert.equal(directory.integer(TAG.newSubfileType, 0), i === 0 ? 0 : 1);
    if (i === 0) return;
    assert.ok(directory.offset > directories[i - 1]!.offset, `directory ${i} lies before the one of the level above`);
    assert.equal(levels[i]!.width, Math.ceil(levels[i - 1]!.width / 2));
    assert.equal(levels[i]!.height, Math.ceil(levels[i - 1]!.height / 2));
  });
  const smallest = levels.at(-1)!;
  assert.ok(Math.max(smallest.width, smallest.height) <= smallest.block, 'the last level is one block');
  let end = indexEnd;
  for (const level of [...levels].reverse()) {
    level.offsets.forEach((offset, i) => {
      const length = level.lengths[i]!;
      assert.ok(offset >= end && offset < end + ALIGN, `block ${i} at ${offset} does not follow byte ${end}`);
      end = offset + length;
      checkBlock(file.subarray(offset, end), level, `${level.width}×${level.height}, block ${i}`);
    });
  }
  assert.ok(file.length >= end && file.length < end + ALIGN, 'the file ends with level 0');
}

interface Level {
  readonly width: number;
  readonly height: number;
  readonly block: number;
  readonly compression: number;
  readonly blockBytes: number;
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

function readLevel(directory: Directory): Level {
  const width = directory.required(TAG.imageWidth);
  const height = directory.required(TAG.imageLength);
  const block = directory.required(TAG.tileWidth);
  assert.equal(directory.required(TAG.tileLength), block);
  assert.equal(block % 16, 0);
  const offsets = directory.integers(TAG.tileOffsets, MOST_BLOCKS);
  const lengths = directory.integers(TAG.tileByteCounts, MOST_BLOCKS);
  assert.equal(offsets.length, Math.ceil(width / block) * Math.ceil(height / block));
  assert.equal(lengths.length, offsets.length);
  const bits = directory.integers(TAG.bitsPerSample, 4);
  const blockBytes = (block * block * bits.reduce((sum, each) => sum + each, 0)) / 8;
  const compression = directory.required(TAG.compression);
  return { width, height, block, compression, blockBytes, offsets, lengths };
}

/** The first byte behind a directory and all values that it points to. */
function indexEndOf(directory: Directory): number {
  return Math.max(directory.end, ...[...directory.entries()].map(({ offset, byteLength }) => offset + byteLength));
}

function checkBlock(bytes: Buffer, { compression, blockBytes }: Level, where: string): void {
  if (compression === 1) assert.equal(bytes.length, blockBytes, where);
  else if (compression === 8) assert.equal(inflateSync(bytes).length, blockBytes, where);
  else if (compression === 7) {
    assert.equal(bytes.readUInt16BE(0), 0xffd8, where);
    assert.equal(bytes.readUInt16BE(bytes.length - 2), 0xffd9, where);
  } else if (compression === 50001) {
    assert.equal(bytes.toString('latin1', 0, 4), 'RIFF', where);
    assert.equal(bytes.readUInt32LE(4) + 8, bytes.length, where);
  } else assert.equal(compression, 50000, where);
}
