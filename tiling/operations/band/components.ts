import { HalotileError } from '../../errors.js';
import type { RasterInfo } from '../../raster/raster-info.js';
import type { BandExchange, Operation } from '../contract/descriptor.js';
import { bandGrid } from './bands.js';
import { packNumbers, unpackNumbers } from './packed-numbers.js';

/** Which components of the whole image count, and how far members may be apart. */
export interface ComponentRule {
  /** 4: pixels that share a side; 8: a corner too. */
  readonly connectivity: 4 | 8;
  /** Pixels that a component has at least. */
  readonly minArea: number;
  /** Whether components that touch the edge of the image count. */
  readonly atEdge: boolean;
  /** Of those that count only the one with most pixels does, of several the first. */
  readonly largest?: boolean;
}

/** Numbers of a told component, and of a run of one along a seam. */
export const TOLD = 3;
export const RUN = 3;
const HEAD = 6;
type Head = [inner: number, told: number, above: number, below: number, bestPlace: number, bestArea: number];
/** The largest number that a label can have. */
const MOST_LABELS = 0xffff_ffff;

/** Whether a component, or what a band has of it, counts. */
export function counts(area: number, atEdge: boolean, rule: ComponentRule): boolean {
  return area >= rule.minArea && (rule.atEdge || !atEdge);
}

/** What a band tells of the components of one channel, numbered in raster order of their first pixels. */
export interface ToldComponents {
  /** How many end in the band and count. */
  readonly inner: number;
  /** Of those the largest, the first of several: its place among them from 1, 0 where there is none, and its area. */
  readonly best: { readonly place: number; readonly area: number };
  /**
   * Of each that touches a seam its area, 1 where it touches the edge of the image, and how many that count and end here
   * come before it: {@link TOLD} numbers.
   */
  readonly components: Int32Array;
  /**
   * Runs along the first and the last row where those are seams: first column, the one behind the last, place among the
   * told ones: {@link RUN} numbers.
   */
  readonly top: Int32Array;
  readonly bottom: Int32Array;
}

/** As text for ledgers and messages. */
export function packTold({ inner, best, components, top, bottom }: ToldComponents): string {
  const head = [inner, components.length / TOLD, top.length / RUN, bottom.length / RUN, best.place, best.area];
  const numbers = new Int32Array(HEAD + components.length + top.length + bottom.length);
  numbers.set(head);
  numbers.set(components, HEAD);
  numbers.set(top, HEAD + components.length);
  numbers.set(bottom, HEAD + components.length + top.length);
  return packNumbers(numbers);
}

interface Told extends ToldComponents {
  readonly count: number;
}

function readTold(text: string | undefined, width: number): Told | undefined {
  // A row has no more runs than half its pixels, and a component that is told has a run.
  const most = HEAD + (width + 1) * (TOLD + RUN);
  const numbers = unpackNumbers(text, most);
  if (numbers === undefined || numbers.length < HEAD) return undefined;
  const [inner, count, above, below, place, area] = [...numbers.subarray(0, HEAD)] as Head;
  if (Math.min(inner, count, above, below, place, area) < 0) return undefined;
  const components = HEAD + count * TOLD;
  const top = components + above * RUN;
  if (numbers.length !== top + below * RUN) return undefined;
  return {
    ...{ inner, best: { place, area }, count, components: numbers.subarray(HEAD, components) },
    ...{ top: numbers.subarray(components, top), bottom: numbers.subarray(top) },
  };
}

function isTold(text: string, width: number, pixels: number): boolean {
  const told = readTold(text, width);
  if (told === undefined || told.inner > pixels) return false;
  const { place, area } = told.best;
  if (place > told.inner || area > pixels || (area === 0) !== (told.inner === 0)) return false;
  for (let i = 0; i < told.components.length; i += TOLD) {
    const [area, edge, before] = [told.components[i]!, told.components[i + 1]!, told.components[i + 2]!];
    if (area < 1 || area > pixels || edge < 0 || edge > 1 || before < 0 || before > told.inner) return false;
    if (i > 0 && before < told.components[i - TOLD + 2]!) return false;
  }
  return [told.top, told.bottom].every((runs) => {
    for (let i = 0, x = 0; i < runs.length; i += RUN) {
      const [start, end, place] = [runs[i]!, runs[i + 1]!, runs[i + 2]!];
      if (start < x || end <= start || end > width || place < 0 || place >= told.count) return false;
      x = end;
    }
    return true;
  });
}

/** Sets of told components that are one, by their place among those of all bands; the first of each stands for it. */
class Unions {
  readonly #parents: Int32Array;

  constructor(count: number) {
    this.#parents = Int32Array.from({ length: count }, (_, place) => place);
  }

  first(place: number): number {
    let at = place;
    while (this.#parents[at] !== at) {
      this.#parents[at] = this.#parents[this.#parents[at]!]!;
      at = this.#parents[at]!;
    }
    return at;
  }

  unite(a: number, b: number): void {
    const [first, second] = [this.first(a), this.first(b)];
    if (first < second) this.#parents[second] = first;
    else this.#parents[first] = second;
  }
}

/**
 * What each band is handed: how many labels the bands above it have used, in two halves of 16 bits, then the label of each
 * component that it told of, 0 for those that do not count.
 */
function handOutChannel(texts: readonly string[], width: number, rule: ComponentRule): string[] {
  const bands = texts.map((text) => readTold(text, width)!);
  const offsets: number[] = [];
  let total = 0;
  for (const { count } of bands) {
    offsets.push(total);
    total += count;
  }
  const unions = new Unions(total);
  const reach = rule.connectivity === 8 ? 1 : 0;
  for (let band = 1; band < bands.length; band++) {
    const [upper, lower] = [bands[band - 1]!.bottom, bands[band]!.top];
    for (let i = 0, j = 0; i < upper.length && j < lower.length; ) {
      if (upper[i]! < lower[j + 1]! + reach && lower[j]! < upper[i + 1]! + reach) {
        unions.unite(offsets[band - 1]! + upper[i + 2]!, offsets[band]! + lower[j + 2]!);
      }
      if (upper[i + 1]! < lower[j + 1]!) i += RUN;
      else j += RUN;
    }
  }
  const areas = new Float64Array(total);
  const atEdge = new Uint8Array(total);
  for (const [band, { components, count }] of bands.entries()) {
    for (let place = 0; place < count; place++) {
      const first = unions.first(offsets[band]! + place);
      areas[first]! += components[place * TOLD]!;
      atEdge[first]! |= components[place * TOLD + 1]!;
    }
  }
  const labels = new Float64Array(total);
  const numbered: NumberedBand[] = [];
  let used = 0;
  for (const [band, { inner, best, components, count }] of bands.entries()) {
    const before = used;
    let begun = 0;
    let beforeBest = 0;
    for (let place = 0; place < count; place++) {
      const own = offsets[band]! + place;
      if (unions.first(own) !== own || !counts(areas[own]!, atEdge[own] === 1, rule)) continue;
      begun++;
      const innerBefore = components[place * TOLD + 2]!;
      if (innerBefore < best.place) beforeBest++;
      labels[own] = used + innerBefore + begun;
    }
    used += inner + begun;
    if (used > MOST_LABELS) throw tooMany(used);
    const firsts = Int32Array.from({ length: count }, (_, place) => unions.first(offsets[band]! + place));
    numbered.push({ before, firsts, best: { area: best.area, label: before + best.place + beforeBest } });
  }
  return rule.largest ? handOutLargest(numbered, areas, labels) : numbered.map((band) => handOutAll(band, labels));
}

/** The components of a band by the numbers that they have in the whole image. */
interface NumberedBand {
  /** Labels of the bands above it. */
  readonly before: number;
  /** For each component that it told of, the one that stands for it among those of all bands. */
  readonly firsts: Int32Array;
  /** The largest of those that end in it and count; of area 0 where there is none. */
  readonly best: { readonly area: number; readonly label: number };
}

function handOutAll({ before, firsts }: NumberedBand, labels: Float64Array): string {
  const handed = new Int32Array(2 + firsts.length);
  handed[0] = before >>> 16;
  handed[1] = before & 0xffff;
  for (const [place, first] of firsts.entries()) handed[2 + place] = labels[first]! | 0;
  return packNumbers(handed);
}

/** Where only the largest component counts: whether it ends in a band, then which of those told are it. */
function handOutLargest(bands: readonly NumberedBand[], areas: Float64Array, labels: Float64Array): string[] {
  let most = { area: 0, label: 0 };
  const meet = (area: number, label: number) => {
    if (area > most.area || (area === most.area && label < most.label)) most = { area, label };
  };
  for (const { best } of bands) meet(best.area, best.label);
  for (const [first, label] of labels.entries()) if (label > 0) meet(areas[first]!, label);
  return bands.map(({ best, firsts }) => {
    const isInner = most.area > 0 && best.area > 0 && best.label === most.label;
    const told = Array.from(firsts, (first) => Number(most.area > 0 && labels[first] === most.label));
    return packNumbers(Int32Array.from([0, Number(isInner), ...told]));
  });
}

function tooMany(labels: number): HalotileError {
  return new HalotileError('over-limit', {
    what: `more than ${labels - 1} components`,
    expected: `at most ${MOST_LABELS}, the largest number of uint32`,
    remedy: 'use minArea, or label parts of the image',
  });
}

/** What a band is handed for one channel: how many labels are used above it, and those of the at most `told` that it told of. */
export function readHanded(handed: string, told: number): { readonly used: number; readonly labels: Uint32Array } {
  const numbers = unpackNumbers(handed, 2 + told)!;
  const labels = new Uint32Array(numbers.buffer, 8);
  return { used: numbers[0]! * 0x1_0000 + numbers[1]!, labels };
}

/** Channels are apart from each other. */
const SEPARATOR = ',';

/** One text of those of all channels. */
export function joinChannels(texts: readonly string[]): string {
  return texts.join(SEPARATOR);
}

/** The inverse of {@link joinChannels}. */
export function splitChannels(text: string): string[] {
  return text.split(SEPARATOR);
}

/** The exchange of an operation over connected components. */
export function componentExchange(ruleOf: (operation: Operation) => ComponentRule): BandExchange {
  return {
    isPartial: (operation, partial, image: RasterInfo) => {
      if (typeof partial !== 'string') return false;
      const texts = splitChannels(partial);
      const pixels = image.width * bandGrid(operation, image).cell.height;
      return texts.length === image.channels && texts.every((text) => isTold(text, image.width, pixels));
    },
    handOut: (operation, partials, image) => {
      const rule = ruleOf(operation);
      const byBand = partials.map(splitChannels);
      const byChannel = Array.from({ length: image.channels }, (_, c) =>
        handOutChannel(
          byBand.map((texts) => texts[c]!),
          image.width,
          rule,
        ),
      );
      return partials.map((_, band) => joinChannels(byChannel.map((handed) => handed[band]!)));
    },
  };
}
