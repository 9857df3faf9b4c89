import type { Rect } from '../../tiling/geometry/rect.js';
import { MAX_RADIUS } from '../../tiling/operations/index.js';
import { mappedValue } from '../../tiling/plan/mapping.js';
import type { BlockSource } from '../../tiling/raster/block-source.js';
import { bytesOf, SAMPLE_BYTES, type Samples } from '../../tiling/raster/dtype.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import type { SourceRef } from '../../tiling/work/references.js';
import type { ScanData } from '../../tiling/work/scan.js';
import { refusal } from '../kernels/reference/map-values.js';
import type { ThreadContext } from './open-job.js';

/** The largest value' of a map's rect, before rounding. */
export async function scanMap(map: SourceRef, data: ScanData, context: ThreadContext): Promise<number> {
  const source = context.storage.openSource(map);
  try {
    return await largestIn(source, data, context);
  } finally {
    source.close();
  }
}

/** As {@link scanMap} of a map that is open. */
export async function largestIn(
  source: BlockSource,
  data: ScanData,
  { backend, nowMs }: Pick<ThreadContext, 'backend' | 'nowMs'>,
): Promise<number> {
  const { rect, mapping } = data;
  const { dtype } = source.info;
  const count = rect.width * rect.height;
  backend.memory.reset(count * SAMPLE_BYTES[dtype] + 16);
  const samples = backend.memory.allocSamples(dtype, count);
  await new RasterReader(source, null, nowMs).read(rect, bytesOf(samples), rect.width * SAMPLE_BYTES[dtype]);
  const largest = backend.pixels.largestValue(samples, mapping);
  return largest !== undefined && largest < TOO_WIDE ? largest : largestOf(samples, rect, data);
}

/** What rounds to no radius, and is no sigma either. */
const TOO_WIDE = MAX_RADIUS + 0.5;

/**
 * The largest value' of a map's samples in `rect`, before rounding.
 * @throws bad-input that names the first pixel whose value is negative, not finite or wider than any window
 */
export function largestOf(samples: Samples, rect: Rect, { name, mapping }: Pick<ScanData, 'name' | 'mapping'>): number {
  let max = 0;
  for (let i = 0; i < samples.length; i++) {
    const value = mappedValue(mapping, samples[i]!);
    if (value === undefined || value >= TOO_WIDE) {
      const pixel = { x: rect.x + (i % rect.width), y: rect.y + Math.floor(i / rect.width) };
      throw refusal(samples[i]!, { file: name, where: ': map', pixel }, mapping);
    }
    if (value > max) max = value;
  }
  return max;
}
