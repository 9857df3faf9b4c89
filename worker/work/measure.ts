import { crc32 } from 'node:zlib';
import { area } from '../../tiling/geometry/rect.js';
import { allocateSamples, bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import { inputOf } from '../../tiling/work/work-job.js';
import type { TileRaster } from '../kernels/kernel.js';
import { RegionRecords } from '../kernels/measure/region-records.js';
import { Tally } from '../tile/tally.js';
import type { Runner } from './runner.js';

/** Measures a rect: its labels first, then one image after the other under them. */
export const measure: Runner<'measure'> = async ({ job, data: { rect, channels }, thread }) => {
  const tally = new Tally(thread.nowMs);
  const labels = await read('image');
  const regions = tally.timed('kernel', () => new RegionRecords(labels.raster, labels.nodata?.[0] ?? null, channels));
  for (let image = 0, channel = 0; channel < channels.length; image++) {
    const { raster, nodata } = await read(`extra:${image}`);
    const first = channel;
    tally.timed('kernel', () => regions.add(raster, nodata, first));
    channel += raster.channels;
  }
  const records = tally.timed('kernel', () => regions.sorted());
  tally.counts.outputPixels += area(rect);
  return { value: { records }, crc: crc32(records), seconds: tally.seconds, counts: tally.counts };

  async function read(name: 'image' | `extra:${number}`) {
    const source = thread.storage.openSource(inputOf(job, name)!);
    try {
      const { dtype, channels, nodata } = source.info;
      const stride = rect.width * channels;
      const raster: TileRaster = {
        rect,
        dtype,
        channels,
        stride,
        samples: allocateSamples(dtype, stride * rect.height),
      };
      const reader = new RasterReader(source, null, thread.nowMs);
      tally.addRead(await reader.read(rect, bytesOf(raster.samples), stride * SAMPLE_BYTES[dtype]));
      return { raster, nodata };
    } finally {
      source.close();
    }
  }
};
