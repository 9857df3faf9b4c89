import {
  type ComponentRule,
  counts,
  joinChannels,
  packTold,
  readHanded,
  splitChannels,
} from '../../../../tiling/operations/band/components.js';
import { componentsWanted } from '../../../../tiling/operations/band/label.js';
import type { Operation } from '../../../../tiling/operations/contract/descriptor.js';
import { INTEGER_MAX } from '../../../../tiling/raster/dtype.js';
import type { Kernel, KernelContext, PartialKernel, TileRaster } from '../../kernel.js';
import { invalidSamplesOf, sampleIndex } from '../samples/pixels.js';

/** The components of one band and channel, numbered from 1 in raster order of their first pixels; 0 is none. */
interface BandComponents {
  readonly count: number;
  /** Pixels of each, by its number. */
  readonly areas: Int32Array;
  /** 1 where it touches the edge of the image, by its number. */
  readonly atEdge: Uint8Array;
  readonly numbers: Int32Array;
  /** Numbers along the first and the last row, where there is a band above and below; those may go on in it. */
  readonly top: Int32Array;
  readonly bottom: Int32Array;
}

/** What a band tells of its components, channel by channel. */
export const componentsPartial: PartialKernel = (band, operation, context) => {
  const rule = componentsWanted(operation);
  const texts = Array.from({ length: band.channels }, (_, channel) =>
    tell(floodBand(band, operation, context, channel), rule),
  );
  return joinChannels(texts);
};

function tell(band: BandComponents, rule: ComponentRule): string {
  const seam = seamComponents(band);
  const components: number[] = [];
  let inner = 0;
  let best = { place: 0, area: 0 };
  for (let number = 1; number <= band.count; number++) {
    const [area, atEdge] = [band.areas[number]!, band.atEdge[number]!];
    if (seam.includes(number)) components.push(area, atEdge, inner);
    else if (counts(area, atEdge === 1, rule)) {
      inner++;
      if (area > best.area) best = { place: inner, area };
    }
  }
  const [top, bottom] = [runsOf(band.top, seam), runsOf(band.bottom, seam)];
  return packTold({ inner, best, components: Int32Array.from(components), top, bottom });
}

/** Components that may go on in another band, ascending. */
function seamComponents({ top, bottom }: BandComponents): number[] {
  const found = new Set([...top, ...bottom]);
  found.delete(0);
  return [...found].sort((a, b) => a - b);
}

/** Runs of one component along a row: first column, the one behind the last, place among the told ones. */
function runsOf(row: Int32Array, seam: readonly number[]): Int32Array {
  const runs: number[] = [];
  for (let x = 0; x < row.length; ) {
    const number = row[x]!;
    const start = x;
    while (x < row.length && row[x] === number) x++;
    if (number !== 0) runs.push(start, x, seam.indexOf(number));
  }
  return Int32Array.from(runs);
}

/** The labels of a band's components, by their numbers in it, from what the band is handed. */
function labelsOf(band: BandComponents, handed: string, rule: ComponentRule): Uint32Array {
  const seam = seamComponents(band);
  const given = readHanded(handed, seam.length);
  const labels = new Uint32Array(band.count + 1);
  let { used } = given;
  let best = { number: 0, area: 0 };
  for (let number = 1; number <= band.count; number++) {
    const area = band.areas[number]!;
    const told = seam.indexOf(number);
    if (told >= 0) {
      labels[number] = given.labels[told]!;
      // The others began before, in this band or above it.
      if (labels[number] === used + 1) used++;
    } else if (counts(area, band.atEdge[number] === 1, rule)) {
      if (area > best.area) best = { number, area };
      if (!rule.largest) labels[number] = ++used;
    }
  }
  // Where only the largest counts, that is how a band is told that it ends there.
  if (rule.largest && given.used === 1) labels[best.number] = 1;
  return labels;
}

/** The label of each pixel's component, 0 for those of none. */
export const label: Kernel = (input, output, operation, context) => {
  eachLabel(input, output, operation, context, (at, value) => {
    output.samples[at] = value;
  });
};

/** Each sample as it is, but for those of holes, which become the value of the mask. */
export const fillHoles: Kernel = (input, output, operation, context) => {
  const value = holeValue(operation, input.dtype);
  eachLabel(input, output, operation, context, (at, hole, sample) => {
    output.samples[at] = hole === 0 ? sample : value;
  });
};

/** What holes are filled with: the largest integer of the type, in float32 one, where nothing else is said. */
export function holeValue({ params }: Operation, dtype: TileRaster['dtype']): number {
  return (params.value as number | undefined) ?? (dtype === 'float32' ? 1 : INTEGER_MAX[dtype]);
}

function eachLabel(
  input: TileRaster,
  output: TileRaster,
  operation: Operation,
  context: KernelContext,
  visit: (at: number, label: number, sample: number) => void,
): void {
  const { rect } = output;
  const handed = splitChannels(context.handed!);
  for (let c = 0; c < input.channels; c++) {
    const band = floodBand(input, operation, context, c);
    const labels = labelsOf(band, handed[c]!, componentsWanted(operation));
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      for (let x = rect.x; x < rect.x + rect.width; x++) {
        const number = band.numbers[(y - input.rect.y) * input.rect.width + x]!;
        visit(sampleIndex(output, x, y) + c, labels[number]!, input.samples[sampleIndex(input, x, y) + c]!);
      }
    }
  }
}

/**
 * The components of one channel of a band of full rows: from each member without a number in raster order, all that are
 * reached from neighbour to neighbour. Nodata, masked pixels and NaN are of none.
 */
function floodBand(band: TileRaster, operation: Operation, context: KernelContext, channel: number): BandComponents {
  const { white, connectivity } = componentsWanted(operation);
  const { rect } = band;
  const { width, height } = rect;
  const isInvalid = invalidSamplesOf(band, context);
  const isMember = (x: number, y: number) => {
    const pixel = sampleIndex(band, x, rect.y + y);
    const sample = band.samples[pixel + channel]!;
    return !Number.isNaN(sample) && (sample !== 0) === white && !isInvalid(pixel, channel);
  };
  const numbers = new Int32Array(width * height);
  const areas: number[] = [0];
  const atEdge: number[] = [0];
  for (let first = 0; first < numbers.length; first++) {
    if (numbers[first] !== 0 || !isMember(first % width, Math.floor(first / width))) continue;
    const number = areas.length;
    areas.push(0);
    atEdge.push(0);
    numbers[first] = number;
    const reached = [first];
    for (let at = reached.pop(); at !== undefined; at = reached.pop()) {
      const [x, y] = [at % width, Math.floor(at / width)];
      areas[number]!++;
      const row = rect.y + y;
      if (x === 0 || x === width - 1 || row === 0 || row === context.image.height - 1) atEdge[number] = 1;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          if (connectivity === 4 && u !== x && v !== y) continue;
          if (numbers[v * width + u] !== 0 || !isMember(u, v)) continue;
          numbers[v * width + u] = number;
          reached.push(v * width + u);
        }
      }
    }
  }
  const none = new Int32Array(0);
  return {
    ...{ count: areas.length - 1, areas: Int32Array.from(areas), atEdge: Uint8Array.from(atEdge), numbers },
    top: rect.y > 0 ? numbers.subarray(0, width) : none,
    bottom: rect.y + height < context.image.height ? numbers.subarray(numbers.length - width) : none,
  };
}
