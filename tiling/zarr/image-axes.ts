import { z } from 'zod';
import { badInput } from '../errors.js';
import { MICROMETRES } from '../raster/carried/index.js';

const axis = z.union([
  z.string().transform((name) => ({ name, type: undefined, unit: undefined })),
  z.object({ name: z.string(), type: z.string().optional(), unit: z.string().optional() }),
]);
const transformations = z.array(z.object({ scale: z.array(z.number()).optional() })).optional();
const multiscale = z.object({
  axes: z.array(axis).optional(),
  datasets: z.array(z.object({ path: z.string(), coordinateTransformations: transformations })).min(1),
  coordinateTransformations: transformations,
});
const attributesSchema = z.object({
  multiscales: z.array(multiscale).min(1),
  omero: z.object({ channels: z.array(z.object({ color: z.string().optional() })) }).optional(),
});

type Multiscale = z.output<typeof attributesSchema>;

/** The attributes of an OME-Zarr image, 0.5 or earlier; undefined of any other group. */
export function multiscaleOf(attributes: Readonly<Record<string, unknown>>): Multiscale | undefined {
  return attributesSchema.safeParse(attributes.ome ?? attributes).data;
}

/** Which axis of an array is which: rows, columns, channels where there is such an axis, and those of further planes. */
export interface ImageAxes {
  readonly y: number;
  readonly x: number;
  readonly c: number | undefined;
  readonly planes: readonly number[];
}

/**
 * The axes of an array by the names that its multiscale or itself gives them; without names the last two are rows and
 * columns, but for an array of few samples a pixel at its end.
 * @throws bad-input where there are no rows and columns
 */
export function imageAxes(
  shape: readonly number[],
  named: readonly { readonly name: string; readonly type?: string | undefined }[] | undefined,
  path: string,
): ImageAxes {
  const axes = named?.length === shape.length ? named : defaultNames(shape).map((name) => ({ name, type: undefined }));
  const find = (name: string) => axes.findIndex((each) => each.name.toLowerCase() === name);
  const [y, x] = [find('y'), find('x')];
  const channel = axes.findIndex(({ type }) => type === 'channel');
  const c = channel >= 0 ? channel : find('c');
  if (y < 0 || x < 0 || shape.length > 5) {
    throw badInput({
      what: `an array of the axes ${axes.map(({ name }) => name).join(', ') || 'none'}`,
      file: path,
      expected: 'at most five, y and x among them',
    });
  }
  const planes = axes.flatMap((_each, index) => (index === y || index === x || index === c ? [] : [index]));
  return { y, x, c: c < 0 ? undefined : c, planes };
}

/** Most samples of a pixel that are taken for colours where they come last. */
const COLOURS = 4;

function defaultNames(shape: readonly number[]): string[] {
  if (shape.length === 3 && shape[2]! <= COLOURS && shape[0]! > COLOURS) return ['y', 'x', 'c'];
  return ['t', 'z', 'c', 'y', 'x'].slice(-shape.length);
}

/** Micrometres that a pixel of the first array covers; undefined where no unit of length is said. */
export function pixelMicrometres(
  { multiscales: [image] }: Multiscale,
  { y, x }: ImageAxes,
): { readonly x: number; readonly y: number } | undefined {
  const along = (index: number) => {
    const unit = image!.axes?.[index]?.unit;
    const length = unit !== undefined && Object.hasOwn(MICROMETRES, unit) ? MICROMETRES[unit]! : Number.NaN;
    const scales = [image!.coordinateTransformations, image!.datasets[0]!.coordinateTransformations];
    return scales.flatMap((each) => each ?? []).reduce((size, { scale }) => size * (scale?.[index] ?? 1), length);
  };
  const size = { x: along(x), y: along(y) };
  return size.x > 0 && size.y > 0 && Number.isFinite(size.x + size.y) ? size : undefined;
}

/** Whether the first channels are shown as red, green and blue. */
export function isRgb({ omero }: Multiscale, channels: number): boolean {
  const colours = omero?.channels.map(({ color }) => color?.toUpperCase().slice(0, 6)) ?? [];
  return channels >= 3 && channels <= COLOURS && colours.slice(0, 3).join() === 'FF0000,00FF00,0000FF';
}
