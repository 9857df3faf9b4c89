import {
  CHANNEL,
  carry,
  channelAt,
  type MeasuredChannels,
  REGION,
  recordLength,
} from '../../../tiling/measure/record.js';
import type { TileRaster } from '../kernel.js';
import { isNodata, nodataSample } from '../reference/samples/nodata.js';

/** Sums of the squares of so many samples of uint16, and of so many columns, stay below 2^53. */
const EXACT_PIXELS = 2 ** 20;

/**
 * The records of the labels in one tile, each at its place in the order in which they are met. Neighbours mostly have one
 * label, so that it is looked up only where it is neither the left nor the upper pixel's.
 */
export class RegionRecords {
  readonly #rect: TileRaster['rect'];
  readonly #channels: MeasuredChannels;
  readonly #length: number;
  /** For each pixel its record's place, −1 where it is of no label. */
  readonly #places: Int32Array;
  readonly #records: Float64Array;
  readonly #count: number;

  /** @param nodata what stands for no label beside 0 */
  constructor(labels: TileRaster, nodata: number | null, channels: MeasuredChannels) {
    this.#rect = labels.rect;
    this.#channels = channels;
    this.#length = recordLength(channels);
    this.#places = new Int32Array(labels.rect.width * labels.rect.height);
    const found = placesOf(labels, nodata, this.#places);
    this.#count = found.length;
    this.#records = new Float64Array(this.#count * this.#length);
    for (const [place, label] of found.entries()) this.#records[place * this.#length + REGION.label] = label;
    this.#extents();
  }

  #extents(): void {
    const { x: left, y: top, width, height } = this.#rect;
    const [places, records, length] = [this.#places, this.#records, this.#length];
    for (let at = 0; at < records.length; at += length) {
      records[at + REGION.left] = Number.POSITIVE_INFINITY;
      records[at + REGION.top] = Number.POSITIVE_INFINITY;
    }
    for (let row = 0, i = 0; row < height; row++) {
      const y = top + row;
      // Runs of one label: their pixels count and their columns add up at once.
      for (let column = 0; column < width; ) {
        const place = places[i]!;
        const start = column;
        while (column < width && places[i] === place) {
          column++;
          i++;
        }
        if (place < 0) continue;
        const at = place * length;
        const pixels = column - start;
        records[at + REGION.pixels]! += pixels;
        records[at + REGION.left] = Math.min(records[at + REGION.left]!, left + start);
        records[at + REGION.right] = Math.max(records[at + REGION.right]!, left + column - 1);
        records[at + REGION.top] = Math.min(records[at + REGION.top]!, y);
        records[at + REGION.bottom] = y;
        records[at + REGION.sumX]! += ((2 * left + start + column - 1) * pixels) / 2;
        records[at + REGION.sumY]! += y * pixels;
      }
      if (row % this.#rowsAtOnce === 0) this.#carryAll([REGION.sumX, REGION.sumY]);
    }
    this.#carryAll([REGION.sumX, REGION.sumY]);
  }

  /** Rows after which exact sums are put in order. */
  get #rowsAtOnce(): number {
    return Math.max(1, Math.floor(EXACT_PIXELS / this.#rect.width));
  }

  #carryAll(fields: readonly number[]): void {
    for (let at = 0; at < this.#records.length; at += this.#length) {
      for (const field of fields) carry(this.#records, at + field);
    }
  }

  /** Adds an image under the labels, whose channels are measured from `first` on; its masked pixels do not count. */
  add(image: TileRaster, nodata: readonly (number | null)[] | undefined, first: number): void {
    for (let c = 0; c < image.channels; c++) {
      const at = channelAt(first + c);
      const missing = nodataSample(image.dtype, nodata?.[c]);
      if (this.#channels[first + c]) this.#addExactly(image, c, at, missing);
      else this.#addFloats(image, c, at, missing);
    }
  }

  #addExactly({ samples, channels, valid }: TileRaster, channel: number, field: number, missing: number | null): void {
    const [places, records, length] = [this.#places, this.#records, this.#length];
    const { width } = this.#rect;
    this.#openRange(field);
    const chunk = this.#rowsAtOnce * width;
    for (let i = 0; i < places.length; i++) {
      if (i > 0 && i % chunk === 0) this.#carryAll([field + CHANNEL.sum, field + CHANNEL.squares]);
      const place = places[i]!;
      if (place < 0 || valid?.[i] === 0) continue;
      const sample = samples[i * channels + channel]!;
      if (sample === missing) continue;
      const at = place * length + field;
      records[at]!++;
      if (sample < records[at + CHANNEL.low]!) records[at + CHANNEL.low] = sample;
      if (sample > records[at + CHANNEL.high]!) records[at + CHANNEL.high] = sample;
      records[at + CHANNEL.sum]! += sample;
      records[at + CHANNEL.squares]! += sample * sample;
    }
    this.#carryAll([field + CHANNEL.sum, field + CHANNEL.squares]);
  }

  /** Means first, then squared differences from them, so that nothing large is subtracted. */
  #addFloats({ samples, channels, valid }: TileRaster, channel: number, field: number, missing: number | null): void {
    const [places, records, length] = [this.#places, this.#records, this.#length];
    this.#openRange(field);
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!;
      if (place < 0 || valid?.[i] === 0) continue;
      const sample = samples[i * channels + channel]!;
      if (isNodata(sample, missing)) continue;
      const at = place * length + field;
      records[at]!++;
      records[at + CHANNEL.low] = Math.min(records[at + CHANNEL.low]!, sample);
      records[at + CHANNEL.high] = Math.max(records[at + CHANNEL.high]!, sample);
      records[at + CHANNEL.sum]! += sample;
    }
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!;
      if (place < 0 || valid?.[i] === 0) continue;
      const sample = samples[i * channels + channel]!;
      if (isNodata(sample, missing)) continue;
      const at = place * length + field;
      const apart = sample - records[at + CHANNEL.sum]! / records[at]!;
      records[at + CHANNEL.squares]! += apart * apart;
    }
  }

  #openRange(field: number): void {
    for (let at = field; at < this.#records.length; at += this.#length) {
      this.#records[at + CHANNEL.low] = Number.POSITIVE_INFINITY;
      this.#records[at + CHANNEL.high] = Number.NEGATIVE_INFINITY;
    }
  }

  /** The records in ascending order of their labels. */
  sorted(): Uint8Array {
    const [records, length] = [this.#records, this.#length];
    const order = Uint32Array.from({ length: this.#count }, (_, place) => place);
    order.sort((a, b) => records[a * length]! - records[b * length]!);
    const sorted = new Float64Array(records.length);
    for (const [to, place] of order.entries()) {
      sorted.set(records.subarray(place * length, (place + 1) * length), to * length);
    }
    return new Uint8Array(sorted.buffer);
  }
}

/** Fills in the place of each pixel's label and gives the labels by place. */
function placesOf({ rect, samples, stride }: TileRaster, nodata: number | null, places: Int32Array): number[] {
  const known = new Map<number, number>();
  const labels: number[] = [];
  const { width } = rect;
  for (let y = 0, i = 0; y < rect.height; y++) {
    let before = 0;
    let beforePlace = -1;
    for (let x = 0; x < width; x++, i++) {
      const label = samples[y * stride + x]!;
      if (label !== before) {
        before = label;
        if (label === 0 || label === nodata) beforePlace = -1;
        else if (y > 0 && samples[(y - 1) * stride + x] === label) beforePlace = places[i - width]!;
        else {
          beforePlace = known.get(label) ?? labels.length;
          if (beforePlace === labels.length) {
            known.set(label, beforePlace);
            labels.push(label);
          }
        }
      }
      places[i] = beforePlace;
    }
  }
  return labels;
}
