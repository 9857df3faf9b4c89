import type { Grid } from '../geometry/grid.js';
import { hasSignedChroma } from '../raster/other-colours.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import type { Encoding, Plan } from './plan.js';

/** As much of a plan as is needed to read the blocks that it stores; kept with the partial output. */
export interface OutputShape extends Pick<Plan, 'block' | 'levels' | 'stages' | 'encoding' | 'mask'> {
  readonly output: RasterInfo;
}

/** The shape of a plan's output, without what only travels through. */
export function outputShape({ block, levels, stages, encoding, mask, output }: Plan): OutputShape {
  return { block, levels, stages, encoding, mask, output: { ...output, carried: [] } };
}

/** The layout of the output's own blocks at one level, so that the input's decoder reads them. */
export function storedBlockLayout({ block, encoding, output }: OutputShape, grid: Grid): BlockLayout {
  return {
    blockWidth: block,
    blockHeight: block,
    across: grid.across,
    down: grid.down,
    planar: false,
    striped: false,
    codec: encoding.codec,
    predictor: encoding.predictor,
    littleEndian: true,
    ...(hasSignedChroma(output) ? { signedChroma: true as const } : {}),
  };
}

/** Whether the blocks of an output are its pixels, have known places in it, and are written there at once. */
export function isPlaced({ encoding, isZarr, output }: Pick<Plan, 'encoding' | 'isZarr' | 'output'>): boolean {
  return encoding.codec === 'none' && !isZarr && !hasSignedChroma(output);
}

/** How the blocks of the output's mask are encoded: lossless, and at a known size where the image's are. */
export function maskEncoding({ encoding }: Pick<OutputShape, 'encoding'>): Encoding {
  return { codec: encoding.codec === 'none' ? 'none' : 'deflate', level: 1, quality: 0, predictor: 1 };
}

/** As {@link storedBlockLayout} for the output's mask: single bits. */
export function storedMaskLayout(shape: OutputShape, grid: Grid): BlockLayout {
  const layout = storedBlockLayout({ ...shape, encoding: maskEncoding(shape) }, grid);
  return { ...layout, stored: { bits: 1, kind: 'unsigned' } };
}

const PHOTOMETRIC_YCBCR = 6;

/** The photometric interpretation that the output file states. */
export function storedPhotometric({ output, encoding }: OutputShape): number {
  return encoding.codec === 'jpeg' && output.channels === 3 ? PHOTOMETRIC_YCBCR : output.photometric;
}
