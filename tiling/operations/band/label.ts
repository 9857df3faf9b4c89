import { z } from 'zod';
import { evenReach } from '../../geometry/rect.js';
import type { KernelShape, Operation, OperationDescriptor } from '../contract/descriptor.js';
import { flag } from '../contract/flag.js';
import { bandRect, bandRowsFor } from './bands.js';
import { type ComponentRule, componentExchange } from './components.js';

const connectivity = z.coerce.number().pipe(z.literal([4, 8]));

const params = z.strictObject({
  from: z.enum(['white', 'black']).default('white'),
  connectivity: connectivity.default(4),
  minArea: z.coerce.number().int().min(1).default(1),
  dropBorder: flag.default(false),
  largest: flag.default(false),
});

/** Which components an operation is about: of the pixels that are not zero or of those that are, and which count. */
export function componentsWanted({ name, params: given }: Operation): ComponentRule & { readonly white: boolean } {
  const { from, connectivity: reach, minArea, dropBorder, largest } = given as z.output<typeof params>;
  // A hole is a piece of the ground that does not reach the edge.
  if (name === 'fill-holes') return { white: false, connectivity: reach, minArea: 1, atEdge: false };
  return { white: from === 'white', connectivity: reach, minArea, atEdge: !dropBorder, largest };
}

/**
 * Bytes of the runs of rows (from, to, component), of which a row has half as many as pixels; of as many components (area
 * or label, flags); of rows' first runs; of what is told of the components along two rows.
 */
export function componentScratchBytes(operation: Operation, { input }: Pick<KernelShape, 'input'>): number {
  const rows = Math.min(input.height, operation.params.bandRows as number);
  const runs = rows * Math.ceil(input.width / 2) + 1;
  return runs * 17 + rows * 4 + (input.width + 2) * 12 + 4096;
}

function prepare(
  operation: Operation,
  { image, bandRows }: Parameters<NonNullable<OperationDescriptor['prepare']>>[1],
) {
  return { ...operation, params: { ...operation.params, bandRows: bandRows ?? bandRowsFor(image) } };
}

const shared = {
  coupling: 'band',
  mapMeaning: 'none',
  pace: () => 'quick',
  defaultBorder: () => 'clip',
  numeric: () => 'exact',
  takesLabels: true,
  reach: () => evenReach(0),
  inputRect: bandRect,
  prepare,
  scratchBytes: componentScratchBytes,
  bands: componentExchange(componentsWanted),
} as const satisfies Partial<OperationDescriptor>;

/** The number of the connected component that a pixel is of, in raster order of first pixels. */
export const label: OperationDescriptor = {
  ...shared,
  name: 'label',
  summary: 'number of the connected component that each pixel is of',
  params,
  outputType: (_operation, { channels }) => ({ dtype: 'uint32', channels, nodata: undefined }),
  overviews: 'nearest',
};

/** The mask with its holes filled: pieces of the ground that do not reach the edge of the image. */
export const fillHoles: OperationDescriptor = {
  ...shared,
  name: 'fill-holes',
  summary: 'a mask without its holes',
  params: z.strictObject({ connectivity: connectivity.default(4), value: z.coerce.number().optional() }),
};
