// Box mean of uint8 pixels of 2 to 4 channels, colour weighted by unassociated alpha, over summed-area rows of
// four wrapping uint32 lanes a pixel: the sums of colour times alpha must stay below 2^32 in every window.
import { alphaLane, weightedLanes, weightedMeans } from '../lib/alpha';
import { expand4, storeFour, storeOne, windowSum } from '../lib/lanes';

// @ts-ignore: decorator
@inline
function prefix(source: usize, above: usize, into: usize, width: u32, channels: u32): void {
  const alpha = alphaLane(channels);
  let sum = i32x4.splat(0);
  v128.store(into, sum);
  const end = into + <usize>width * 16;
  while (into < end) {
    sum = i32x4.add(sum, weightedLanes(source, channels, alpha));
    v128.store(into, i32x4.add(sum, v128.load(above, 16)), 16);
    source += channels;
    above += 16;
    into += 16;
  }
}

export function prefixRow(source: usize, above: usize, into: usize, width: u32, channels: u32): void {
  if (channels == 2) prefix(source, above, into, width, 2);
  else if (channels == 3) prefix(source, above, into, width, 3);
  else prefix(source, above, into, width, 4);
}

/** The mean of the pixel at `source`, its window cut to columns [0, limitX) and rows [0, limitY). */
// @ts-ignore: decorator
@inline
function mean(
  rows: usize, x: u32, y: u32, radius: u32, limitX: u32, limitY: u32, source: usize, channels: u32, alpha: v128,
): v128 {
  const x0 = x > radius ? x - radius : 0;
  const y0 = y > radius ? y - radius : 0;
  const x1 = min(x + radius + 1, limitX);
  const y1 = min(y + radius + 1, limitY);
  const sums = windowSum(load<u32>(rows + y0 * 4), load<u32>(rows + y1 * 4), x0 * 16, x1 * 16);
  return weightedMeans(sums, (x1 - x0) * (y1 - y0), channels, alpha, expand4<u8>(source));
}

// @ts-ignore: decorator
@inline
function means(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32,
): void {
  const alpha = alphaLane(channels);
  const endGroups = x + (width & ~3);
  const end = x + width;
  while (x < endGroups) {
    storeFour<u8>(
      into,
      mean(rows, x, y, load<u16>(radii), limitX, limitY, source, channels, alpha),
      mean(rows, x + 1, y, load<u16>(radii, 2), limitX, limitY, source + channels, channels, alpha),
      mean(rows, x + 2, y, load<u16>(radii, 4), limitX, limitY, source + 2 * channels, channels, alpha),
      mean(rows, x + 3, y, load<u16>(radii, 6), limitX, limitY, source + 3 * channels, channels, alpha),
      channels,
    );
    x += 4;
    radii += 8;
    source += 4 * channels;
    into += 4 * channels;
  }
  while (x < end) {
    storeOne<u8>(into, mean(rows, x, y, load<u16>(radii), limitX, limitY, source, channels, alpha), channels);
    x += 1;
    radii += 2;
    source += channels;
    into += channels;
  }
}

export function meansRow(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32,
): void {
  if (channels == 2) means(rows, x, y, radii, into, width, limitX, limitY, source, 2);
  else if (channels == 3) means(rows, x, y, radii, into, width, limitX, limitY, source, 3);
  else means(rows, x, y, radii, into, width, limitX, limitY, source, 4);
}
