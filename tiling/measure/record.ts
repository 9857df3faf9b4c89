/**
 * What is known of one label in a part of an image, as float64 numbers side by side, so that it crosses threads and lies
 * in scratch files as it is: the place of each number, first those of the region itself, then those of each channel.
 */
export const REGION = { label: 0, pixels: 1, left: 2, top: 3, right: 4, bottom: 5, sumX: 6, sumY: 8 } as const;
const REGION_LENGTH = 10;

/**
 * Of a channel: samples that count, then their extremes and sums. Where sums are exact, `sum` and `squares` are whole
 * numbers of two parts each; otherwise `sum` is one number and `squares` that of squared differences from the mean.
 */
export const CHANNEL = { count: 0, low: 1, high: 2, sum: 3, squares: 5 } as const;
const CHANNEL_LENGTH = 7;

/** Channels of all measured images, in order: whether sums over each are exact, as those of uint8 and uint16 are. */
export type MeasuredChannels = readonly boolean[];

/** Numbers of a record. */
export function recordLength(channels: MeasuredChannels): number {
  return REGION_LENGTH + channels.length * CHANNEL_LENGTH;
}

/** Where the numbers of a channel begin in a record. */
export function channelAt(channel: number): number {
  return REGION_LENGTH + channel * CHANNEL_LENGTH;
}

/** A whole number of two parts is high · 2^40 + low: sums of samples of any image stay exact. */
const PART = 2 ** 40;

/** Moves what a low part holds beyond 2^40 to the high part behind it. */
export function carry(record: Float64Array, at: number): void {
  const beyond = Math.floor(record[at]! / PART);
  record[at]! -= beyond * PART;
  record[at + 1]! += beyond;
}

/** A whole number of two parts. */
export function wholeAt(record: Float64Array, at: number): bigint {
  return BigInt(record[at + 1]!) * BigInt(PART) + BigInt(record[at]!);
}

/** Adds what is known of the same label elsewhere. */
export function mergeRecord(into: Float64Array, from: Float64Array, channels: MeasuredChannels): void {
  into[REGION.pixels]! += from[REGION.pixels]!;
  into[REGION.left] = Math.min(into[REGION.left]!, from[REGION.left]!);
  into[REGION.top] = Math.min(into[REGION.top]!, from[REGION.top]!);
  into[REGION.right] = Math.max(into[REGION.right]!, from[REGION.right]!);
  into[REGION.bottom] = Math.max(into[REGION.bottom]!, from[REGION.bottom]!);
  addWhole(into, from, REGION.sumX);
  addWhole(into, from, REGION.sumY);
  for (const [channel, exact] of channels.entries()) mergeChannel(into, from, channelAt(channel), exact);
}

function mergeChannel(into: Float64Array, from: Float64Array, at: number, exact: boolean): void {
  const [ours, theirs] = [into[at + CHANNEL.count]!, from[at + CHANNEL.count]!];
  if (theirs === 0) return;
  into[at + CHANNEL.count] = ours + theirs;
  into[at + CHANNEL.low] = Math.min(into[at + CHANNEL.low]!, from[at + CHANNEL.low]!);
  into[at + CHANNEL.high] = Math.max(into[at + CHANNEL.high]!, from[at + CHANNEL.high]!);
  if (exact) {
    addWhole(into, from, at + CHANNEL.sum);
    addWhole(into, from, at + CHANNEL.squares);
    return;
  }
  const [sum, more] = [into[at + CHANNEL.sum]!, from[at + CHANNEL.sum]!];
  // Chan, Golub and LeVeque 1979: nothing large is subtracted.
  const apart = ours === 0 ? 0 : more / theirs - sum / ours;
  into[at + CHANNEL.squares]! += from[at + CHANNEL.squares]! + (apart * apart * ours * theirs) / (ours + theirs);
  into[at + CHANNEL.sum] = sum + more;
}

function addWhole(into: Float64Array, from: Float64Array, at: number): void {
  into[at]! += from[at]!;
  into[at + 1]! += from[at + 1]!;
  carry(into, at);
}
