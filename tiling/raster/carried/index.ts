import type { Size } from '../../geometry/rect.js';
import type { CarriedTag } from '../raster-info.js';
import { type CarriedDescription, type Density, describeOutput } from './description.js';
import { gdalItemsFor, type SampleMeaning } from './gdal-items.js';
import { type PixelScale, scaleGeoreference } from './georeference.js';
import { numbersOf, rationalTag } from './tag-numbers.js';

export { MICROMETRES } from './description.js';
export type { SampleMeaning } from './gdal-items.js';
export { pixelSizeOf, withOmeXml } from './ome-xml.js';
export { numbersOf, rationalTag } from './tag-numbers.js';

const IMAGE_DESCRIPTION = 270;
const X_RESOLUTION = 282;
const Y_RESOLUTION = 283;
const RESOLUTION_UNIT = 296;
const GDAL_METADATA = 42112;
const ASCII = 2;
const SHORT = 3;
const NO_UNIT = 1;
const INCH = 2;
const CENTIMETRE = 3;

/** What an output is, as far as it decides what its input's tags still say. */
export interface OutputFacts {
  readonly from: Size;
  readonly to: Size;
  /** What the chain leaves of the samples' meaning. */
  readonly meaning: SampleMeaning;
}

/**
 * The tags that travel from an input to its output, so that they describe the output: resolution and georeferencing
 * are scaled to its size, statistics go, descriptions are rewritten or dropped. All other tags stay what they are.
 */
export function carriedTo(tags: readonly CarriedTag[], { from, to, meaning }: OutputFacts): readonly CarriedTag[] {
  const scale = { x: from.width / to.width, y: from.height / to.height };
  const sized = scale.x !== 1 || scale.y !== 1;
  const described = describe(tags, { scale, to });
  const density = described?.density;
  const kept = tags.flatMap((tag): CarriedTag[] => {
    switch (tag.tag) {
      case IMAGE_DESCRIPTION:
        return described?.text === undefined ? [] : [rewritten(tag, described.text)];
      case GDAL_METADATA:
        return [rewritten(tag, gdalItemsFor(textOf(tag), meaning))];
      case X_RESOLUTION:
        return density === undefined ? resolution(tag, scale.x) : [];
      case Y_RESOLUTION:
        return density === undefined ? resolution(tag, scale.y) : [];
      case RESOLUTION_UNIT:
        return density === undefined ? [tag] : [];
      default:
        return [tag];
    }
  });
  const placed = sized ? scaleGeoreference(kept, scale) : kept;
  return density === undefined ? placed : [...placed, ...densityTags(density, scale)];
}

function describe(
  tags: readonly CarriedTag[],
  { scale, to }: { readonly scale: PixelScale; readonly to: Size },
): CarriedDescription | undefined {
  const tag = tags.find((each) => each.tag === IMAGE_DESCRIPTION);
  return tag && describeOutput(textOf(tag), { scale, to, stated: unitless(tags) });
}

/** Pixels for each unit that the tags do not name. */
function unitless(tags: readonly CarriedTag[]): Density | undefined {
  const number = (wanted: number) => {
    const tag = tags.find((each) => each.tag === wanted);
    return tag && numbersOf(tag)[0];
  };
  const [x, y] = [number(X_RESOLUTION), number(Y_RESOLUTION)];
  if (x === undefined || y === undefined || (number(RESOLUTION_UNIT) ?? INCH) !== NO_UNIT) return undefined;
  return { x, y };
}

/** One number whatever stood there; none where it makes no sense. */
function resolution(tag: CarriedTag, scale: number): CarriedTag[] {
  if (scale === 1) return [tag];
  const value = numbersOf(tag)[0];
  const scaled = value === undefined ? undefined : rationalTag(tag.tag, value / scale);
  return scaled === undefined ? [] : [scaled];
}

/** The tags of a resolution in pixels a centimetre, for an output whose pixels are `scale` of those. */
export function densityTags({ x, y }: Density, scale: PixelScale = { x: 1, y: 1 }): CarriedTag[] {
  const tags = [rationalTag(X_RESOLUTION, x / scale.x), rationalTag(Y_RESOLUTION, y / scale.y)];
  if (tags.some((tag) => tag === undefined)) return [];
  return [
    ...(tags as CarriedTag[]),
    { tag: RESOLUTION_UNIT, type: SHORT, count: 1, bytes: Uint8Array.of(CENTIMETRE, 0) },
  ];
}

function textOf({ bytes }: CarriedTag): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** The tag with another text; the same one where the text did not change, in whatever encoding it is. */
function rewritten(tag: CarriedTag, text: string): CarriedTag {
  if (text === textOf(tag)) return tag;
  const bytes = new TextEncoder().encode(`${text}\0`);
  return { tag: tag.tag, type: ASCII, count: bytes.length, bytes };
}
