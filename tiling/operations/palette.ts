import { z } from 'zod';
import { badInput, badUsage } from '../errors.js';
import { evenReach, type Rect, type Size } from '../geometry/rect.js';
import { COLOUR_SPACES, type ColourSpace } from '../palette/colour-space.js';
import { DITHERS, type Dither } from '../palette/dither.js';
import { nearestPosition } from '../palette/downscale-nearest.js';
import { packRgb, type Rgb, unpackRgb } from '../palette/nearest-colour.js';
import { checkTarget, isPaletteFile, PALETTE_ENDINGS, parseTarget } from '../palette/target.js';
import { hasOtherColours } from '../raster/other-colours.js';
import type { JobFacts, Operation, OperationDescriptor, ReadFile } from './descriptor.js';

const SIZE = /^([1-9]\d*)[x×]([1-9]\d*)$/;
/** Colours one by one, as hexadecimal. */
const LIST = /^#?[0-9a-fA-F]{6}( #?[0-9a-fA-F]{6})*$/;

const params = z.strictObject({
  colours: z
    .string()
    .min(1)
    .describe('palette file (.gpl, .hex, .pal, .act, .txt, .json), or colours as "#rrggbb #rrggbb …"'),
  target: z.string().min(1).describe('palette whose nearest colours stand for those of the first one').optional(),
  dither: z
    .enum(DITHERS)
    .refine((name) => name !== 'floyd-steinberg', {
      error: 'ordered, or none: floyd-steinberg carries errors from pixel to pixel, which tiles cannot',
    })
    .describe('ordered: mixes two colours by the place of the pixel')
    .optional(),
  space: z.enum(COLOUR_SPACES).describe('where the nearest colour is: rgb, or oklab without dithering').optional(),
  dtype: z.enum(['uint8', 'uint16']).describe('what samples are rounded to first').optional(),
  size: z.string().regex(SIZE, { error: 'WIDTHxHEIGHT in pixels' }).describe('WIDTHxHEIGHT in pixels').optional(),
});

/** The parameters of a prepared `palette`: colours as 0xRRGGBB. */
interface PaletteParams {
  readonly colours: readonly number[];
  readonly target?: readonly number[];
  readonly dither?: Dither;
  readonly space?: ColourSpace;
}

/** The colours that a prepared `palette` writes in, and those that stand for them. */
export function paletteOf(operation: Operation): {
  readonly colours: readonly Rgb[];
  readonly target?: readonly Rgb[];
  readonly dither: Dither;
  readonly space: ColourSpace;
} {
  const { colours, target, dither = 'none', space = 'rgb' } = operation.params as unknown as PaletteParams;
  return { colours: colours.map(unpackRgb), target: target?.map(unpackRgb), dither, space };
}

/** Size of the result: `size`, or the input's. */
export function palettedSize(operation: Operation, input: Size): Size {
  const asked = (operation.params as { size?: string }).size?.match(SIZE);
  return asked ? { width: Number(asked[1]), height: Number(asked[2]) } : { width: input.width, height: input.height };
}

function inputRect(operation: Operation, output: Rect, input: Size): Rect {
  const { width, height } = palettedSize(operation, input);
  const x = nearestPosition(output.x, input.width, width);
  const y = nearestPosition(output.y, input.height, height);
  return {
    x,
    y,
    width: nearestPosition(output.x + output.width - 1, input.width, width) - x + 1,
    height: nearestPosition(output.y + output.height - 1, input.height, height) - y + 1,
  };
}

function prepare(operation: Operation, { image, file }: JobFacts): Operation {
  const dtype = operation.params.dtype ?? image.dtype;
  if (dtype === 'float32') {
    throw badInput({
      what: 'float32 samples are no colours',
      where: "operation 'palette'",
      expected: 'uint8 or uint16',
      remedy: 'give dtype=uint8 or dtype=uint16',
    });
  }
  if (hasOtherColours(image)) {
    throw badInput({
      what: 'CMYK and L*a*b* are no colours of a palette',
      where: "operation 'palette'",
      expected: 'grey or RGB',
      remedy: 'use --colour rgb',
    });
  }
  const { colours, target, dither, space } = operation.params as Record<
    'colours' | 'target' | 'dither' | 'space',
    string
  >;
  if (dither === 'ordered' && space === 'oklab') {
    throw badUsage({
      what: 'dither=ordered with space=oklab',
      where: "operation 'palette'",
      expected: 'one of the two, as mixtures are made in RGB',
    });
  }
  return {
    ...operation,
    params: {
      ...operation.params,
      colours: coloursOf(colours, () => file('colours')),
      ...(target !== undefined && { target: coloursOf(target, () => file('target')) }),
    },
  };
}

function coloursOf(given: string, file: () => ReadFile | undefined): number[] {
  if (LIST.test(given)) return given.split(' ').map((hex) => Number.parseInt(hex.replace('#', ''), 16));
  if (!isPaletteFile(given)) {
    throw badInput({ what: 'no palette', file: given, expected: `${PALETTE_ENDINGS}, or colours as #rrggbb` });
  }
  const { path, bytes } = file()!;
  return checkTarget(parseTarget(bytes, path), path).map(packRgb);
}

/** A second or fourth channel is alpha; channels beyond it are no part of a colour. */
function hasAlpha(channels: number): boolean {
  return channels === 2 || channels === 4;
}

/** Every pixel in the nearest colour of a palette, as frames of a dataset are written. */
export const palette: OperationDescriptor = {
  name: 'palette',
  summary: 'nearest colours of a palette, by nearest sample at another size',
  coupling: 'point',
  params,
  files: { colours: { kind: 'palette', or: LIST }, target: { kind: 'palette', or: LIST } },
  mapMeaning: 'none',
  defaultBorder: () => 'clip',
  numeric: () => 'exact',
  reach: () => evenReach(0),
  prepare,
  outputType: (_operation, { channels, alpha }) => ({
    dtype: 'uint8',
    channels: hasAlpha(channels) ? 4 : 3,
    alpha: !hasAlpha(channels) ? 'none' : alpha === 'none' ? 'unassociated' : alpha,
    photometric: 2,
    nodata: undefined,
  }),
  outputSize: palettedSize,
  inputRect,
  overviews: 'nearest',
};
