import { crc32 } from 'node:zlib';
import { area } from '../../tiling/geometry/rect.js';
import { allocateSamples, bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import type { SourceRef } from '../../tiling/work/references.js';
import { type InputName, inputOf } from '../../tiling/work/work-job.js';
import type { TileRaster } from '../kernels/kernel.js';
import { RegionRecords } from '../kernels/measure/region-records.js';
import { Tally } from '../tile/tally.js';
import type { Runner } from './runner.js';

/** Measures a rect: its labels first, then one image after the other under them. */
export const measure: Runner<'measure'> = async ({ job, data: { rect, channels }, thread }) => {
  const tally = new Tally(thread.nowMs);
  const labels = await read('image', 'mask');
  // A masked pixel is of no label.
  labels.raster.valid?.forEach((valid, i) => {
    if (valid === 0) labels.raster.samples[i] = 0;
  });
  const regions = tally.timed('kernel', () => new RegionRecords(labels.raster, labels.nodata?.[0] ?? null, channels));
  for (let image = 0, channel = 0; channel < channels.length; image++) {
    const { raster, nodata } = await read(`extra:${image}`, `extra:mask:${image}`);
    const first = channel;
    tally.timed('kernel', () => regions.add(raster, nodata, first));
    channel += raster.channels;
  }
  const records = tally.timed('kernel', () => regions.sorted());
  tally.counts.outputPixels += area(rect);
  return { value: { records }, crc: crc32(records), seconds: tally.seconds, counts: tally.counts };

  async function read(name: InputName, mask: InputName) {
    const { samples, info } = await readAll(inputOf(job, name)!);
    const { dtype, channels, nodata } = info;
    const masked = inputOf(job, mask);
    const valid = masked && ((await readAll(masked)).samples as Uint8Array);
    const raster: TileRaster = { rect, dtype, channels, stride: rect.width * channels, samples, valid };
    return { raster, nodata };
  }

  async function readAll(ref: SourceRef) {
    const source = thread.storage.openSource(ref);
    try {
      const { info } = source;
      const stride = rect.width * info.channels;
      const samples = allocateSamples(info.dtype, stride * rect.height);
      const reader = new RasterReader(source, null, thread.nowMs);
      tally.addRead(await reader.read(rect, bytesOf(samples), stride * SAMPLE_BYTES[info.dtype]));
      return { samples, info };
    } finally {
      source.close();
    }
  }
};
