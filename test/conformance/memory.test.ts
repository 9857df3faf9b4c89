import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import type { DType } from '../../tiling/raster/dtype.js';
import type { MeasuredMemory } from '../support/measured-process.js';
import { startScript } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileLayout, writeTiff } from '../support/tiff-file.js';
import { imageOf } from './box-tiles.js';

const folder = scratchFolder();

interface Shape {
  readonly side: number;
  readonly dtype: DType;
  readonly channels: number;
  readonly layout: FileLayout;
  readonly threads: number;
  readonly options: Partial<JobSpecInput>;
}

/** Sides are such that every thread meets whole tiles with whole halos. */
const SHAPES: Readonly<Record<string, Shape>> = {
  'bytes, uncompressed': {
    side: 3000,
    dtype: 'uint8',
    channels: 3,
    layout: {},
    threads: 2,
    options: { compression: { codec: 'none' }, tile: 1024, mapping: { max: 64 } },
  },
  'bytes, deflated tiles to deflate': {
    side: 3000,
    dtype: 'uint8',
    channels: 3,
    layout: { tile: 256, deflate: true },
    threads: 2,
    options: { tile: 512, mapping: { max: 64 } },
  },
  'bytes on four threads': {
    side: 2500,
    dtype: 'uint8',
    channels: 3,
    layout: { tile: 256, deflate: true },
    threads: 4,
    options: { tile: 512, mapping: { max: 64 } },
  },
  'bytes with a border': {
    side: 2500,
    dtype: 'uint8',
    channels: 4,
    layout: {},
    threads: 2,
    options: { operations: [{ name: 'box', border: 'mirror' }], tile: 1024, mapping: { max: 64 } },
  },
  'float32 in deflated strips': {
    side: 2000,
    dtype: 'float32',
    channels: 1,
    layout: { rowsPerStrip: 32, deflate: true },
    threads: 2,
    options: { tile: 512, mapping: { max: 64 } },
  },
  'windows as wide as the image': {
    side: 2500,
    dtype: 'uint8',
    channels: 3,
    layout: {},
    threads: 2,
    options: { compression: { codec: 'none' }, mapping: { scale: 40 } },
  },
};

/**
 * Beyond the projection: what the allocator keeps, and pages of the program that are shared with other processes but
 * count as resident. Measured runs stay below the projection itself on an idle machine.
 */
const TOLERANCE = 1.1;

for (const [name, { side, dtype, channels, layout, threads, options }] of Object.entries(SHAPES)) {
  test(`a process stays within the memory that its plan projects: ${name}`, async (t) => {
    const size = { width: side, height: side };
    const image = join(folder, 'image.tif');
    const map = join(folder, 'map.tif');
    writeTiff(
      image,
      imageOf(size, { dtype, channels }, (x, y) => (x ^ y) & 255),
      layout,
    );
    writeTiff(
      map,
      imageOf(size, { dtype: 'uint8', channels: 1 }, (x, y) => ((x >> 4) + (y >> 4)) & 63),
      layout,
    );
    const spec = { image, map, output: join(folder, 'out.tif'), operations: [{ name: 'box' }], ...options };
    const script = new URL('../support/measured-process.js', import.meta.url);
    const { code, stdout, stderr } = await startScript(script, [JSON.stringify(spec), `${threads}`]).ended;
    assert.equal(code, 0, stderr);
    const { projected, peakBytes } = JSON.parse(stdout) as MeasuredMemory;
    const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    t.diagnostic(`${mib(peakBytes)} of ${mib(projected.totalBytes)}`);
    assert.ok(peakBytes <= projected.totalBytes * TOLERANCE, `${mib(peakBytes)}, not ${mib(projected.totalBytes)}`);
  });
}
