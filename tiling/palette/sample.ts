import type { CountedColour } from './colour-counts.js';

/**
 * `size` pixels drawn without replacement from counted pixels, all pixels equally likely; all of them where
 * there are no more. The draw depends on the list and the seed (0 to 2^32 − 1) alone. A drawn pixel of a cell
 * is the cell's mean.
 */
export function samplePixels(colours: readonly CountedColour[], size: number, seed: number): readonly CountedColour[] {
  const pixels = colours.reduce((sum, { count }) => sum + count, 0);
  if (size >= pixels) return colours;
  const drawn = drawDistinct(pixels, size, seed);
  const sample: CountedColour[] = [];
  let next = 0;
  let end = 0;
  for (const { count, red, green, blue } of colours) {
    end += count;
    const first = next;
    while (next < drawn.length && drawn[next]! < end) next++;
    const taken = next - first;
    if (taken === 0) continue;
    sample.push({
      count: taken,
      red: (red / count) * taken,
      green: (green / count) * taken,
      blue: (blue / count) * taken,
    });
  }
  return sample;
}

/** Distinct integers below `limit`, ascending: R. Floyd's algorithm (Bentley, CACM 30, 1987). */
function drawDistinct(limit: number, size: number, seed: number): Float64Array {
  const random = mulberry32(seed);
  const drawn = new Set<number>();
  for (let last = limit - size; last < limit; last++) {
    const fraction = (Math.floor(random() / 64) * 2 ** 27 + Math.floor(random() / 32)) / 2 ** 53;
    const value = Math.floor(fraction * (last + 1));
    drawn.add(drawn.has(value) ? last : value);
  }
  return Float64Array.from(drawn).sort();
}

/** Tommy Ettinger's 32-bit generator: good enough to draw pixels, the same on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
