import type { Size } from '../../tiling/geometry/rect.js';
import { nearestIndices } from '../../tiling/palette/downscale-nearest.js';
import type { RasterFile } from '../../tiling/palette/frame-execution.js';
import type { BlockSource } from '../../tiling/raster/block-source.js';
import { allocateSamples, bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { checkColours, toRgba } from './frame-colours.js';

/** Side of the rects that an image is read by, at least; blocks of the file are read whole. */
const READ_SIDE = 1024;

/** Rows [from, to) of an image at its final size. */
export interface SampledRows {
  readonly size: Size;
  readonly from: number;
  readonly to: number;
}

/** What was read. */
export interface Sampled {
  /** Interleaved 8-bit RGBA of the rows. */
  readonly rgba: Uint8Array;
  readonly bytesRead: number;
}

/**
 * Rows of a large image after the nearest downscale to `size`, as a held image would give them: the file is
 * read by rects along its blocks, those without a wanted pixel are passed over.
 * @throws HalotileError bad-input where a block is damaged or the samples are no colours
 */
export async function sampleRows(raster: RasterFile, { size, from, to }: SampledRows): Promise<Sampled> {
  const source = await openSource(raster);
  try {
    const { info, layout } = source;
    checkColours(info, raster.path);
    const reader = new RasterReader(source, null, () => 0);
    const rgba = new Uint8Array((to - from) * size.width * 4);
    let bytesRead = 0;
    const rowRuns = runsOf(nearestIndices(info.height, size.height).subarray(from, to), layout.blockHeight);
    const columnRuns = runsOf(nearestIndices(info.width, size.width), layout.blockWidth);
    for (const rows of rowRuns) {
      for (const columns of columnRuns) {
        const rect = { x: columns.low, y: rows.low, width: columns.extent, height: rows.extent };
        const samples = allocateSamples(info.dtype, rect.width * rect.height * info.channels);
        const stride = rect.width * info.channels * SAMPLE_BYTES[info.dtype];
        bytesRead += (await reader.read(rect, bytesOf(samples), stride)).bytesRead;
        for (const [index, row] of rows.positions.entries()) {
          const at = ((rows.start + index) * size.width + columns.start) * 4;
          toRgba(samples, info, picks(columns, (row - rows.low) * rect.width), rgba, at);
        }
      }
    }
    return { rgba, bytesRead };
  } finally {
    source.close();
  }
}

/** gRPC is loaded for rasters that only a coordinator sees. */
async function openSource({ path, info, fetched }: RasterFile): Promise<BlockSource> {
  if (fetched === undefined) return openTiffSource(path, { info, blocksChecked: true });
  return (await import('../remote/remote-storage.js')).REMOTE_STORAGE.openSource(fetched);
}

/** Wanted positions that one read covers. */
interface Run {
  /** Place of the first among all wanted positions. */
  readonly start: number;
  readonly positions: Uint32Array;
  /** First source position, and how many from there to the last one. */
  readonly low: number;
  readonly extent: number;
}

/** Ascending positions by the cells of an axis that they fall into. */
function runsOf(positions: Uint32Array, block: number): Run[] {
  const cell = Math.ceil(READ_SIDE / block) * block;
  const runs: Run[] = [];
  for (let start = 0; start < positions.length; ) {
    const end = (Math.floor(positions[start]! / cell) + 1) * cell;
    let stop = start;
    while (stop < positions.length && positions[stop]! < end) stop++;
    const part = positions.subarray(start, stop);
    runs.push({ start, positions: part, low: part[0]!, extent: part.at(-1)! - part[0]! + 1 });
    start = stop;
  }
  return runs;
}

function* picks({ positions, low }: Run, rowStart: number): Generator<number> {
  for (const position of positions) yield rowStart + position - low;
}
