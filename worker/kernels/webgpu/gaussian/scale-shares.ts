import { levelWeights, octaveOf, splineWeights } from '../../../../tiling/operations/scale-space.js';
import { halvedSpan, type Span, spanAround } from './octaves.js';

/** Values at the points of a grid along one side. */
interface Line extends Span {
  readonly values: Float64Array;
}

/**
 * How much of the weights of both levels of some intervals lies in a window, along one side: what becomes of ones at
 * the window's pixels by the scale space's steps. As all of those are separable, a pixel's share is the product of one
 * across and one down.
 *
 * @param window the pixels held
 * @param output the pixels asked for
 * @returns for each interval from the lowest to the highest its lower level's shares, then its upper's
 */
export function scaleShares(window: Span, output: Span, lowest: number, highest: number): Float64Array[] {
  const grids: Line[] = [{ ...window, values: new Float64Array(window.count).fill(1) }];
  const shares: Float64Array[] = [];
  for (let interval = lowest; interval <= highest; interval++) {
    const octave = octaveOf(interval);
    while (grids.length <= octave) grids.push(decimated(grids.at(-1)!));
    for (const level of [interval, interval + 1]) {
      const points = blurred(
        grids[octave]!,
        spanAround(output.first, output.count, octave),
        levelWeights(level, octave),
      );
      shares.push(octave === 0 ? points.values : upsampled(points, output, octave));
    }
  }
  return shares;
}

function decimated(line: Line): Line {
  const span = halvedSpan(line.first, line.count);
  const values = Float64Array.from({ length: span.count }, (_, i) => {
    const at = 2 * (span.first + i) - line.first;
    const [a, b, c, d, e] = [-2, -1, 0, 1, 2].map((offset) => line.values[at + offset] ?? 0);
    return (a! + 4 * b! + 6 * c! + 4 * d! + e!) / 16;
  });
  return { ...span, values };
}

function blurred(line: Line, span: Span, weights: Float64Array): Line {
  const radius = weights.length - 1;
  const values = new Float64Array(span.count);
  for (let i = 0; i < span.count; i++) {
    const at = span.first + i - line.first;
    const last = Math.min(at + radius, line.count - 1);
    let sum = 0;
    for (let k = Math.max(at - radius, 0); k <= last; k++) sum += weights[Math.abs(k - at)]! * line.values[k]!;
    values[i] = sum;
  }
  return { ...span, values };
}

function upsampled(points: Line, output: Span, octave: number): Float64Array {
  const spacing = 2 ** octave;
  const splines = Array.from({ length: spacing }, (_, phase) => splineWeights(phase, octave));
  const shares = new Float64Array(output.count);
  for (let i = 0; i < output.count; i++) {
    const pixel = output.first + i;
    const point = Math.floor(pixel / spacing);
    const [a, b, c, d] = splines[pixel - point * spacing]!;
    const at = point - 1 - points.first;
    const { values } = points;
    shares[i] = a * values[at]! + b * values[at + 1]! + c * values[at + 2]! + d * values[at + 3]!;
  }
  return shares;
}
