import { packRgb, type Rgb } from './nearest-colour.js';

/**
 * At most `limit` of the colours, in their order: again and again the one goes whose pixels lose least by
 * falling to the nearest other (pixels × squared distance in RGB; of equal losses the greater RGB), and they
 * fall there. A small accent that nothing resembles outlives shades that stand for more pixels.
 */
export function capColours(colours: readonly Rgb[], pixels: ArrayLike<number>, limit: number): Rgb[] {
  const alive = new Set(colours.keys());
  const weights = Float64Array.from(pixels);
  const nearest = new Int32Array(colours.length);
  const distances = new Float64Array(colours.length);
  const findNearest = (index: number) => {
    distances[index] = Number.POSITIVE_INFINITY;
    for (const other of alive) {
      const distance = squaredDistance(colours[index]!, colours[other]!);
      if (other === index || distance >= distances[index]!) continue;
      distances[index] = distance;
      nearest[index] = other;
    }
  };
  for (const index of alive) findNearest(index);
  while (alive.size > Math.max(1, limit)) {
    let dropped = -1;
    let least = Number.POSITIVE_INFINITY;
    for (const index of alive) {
      const loss = weights[index]! * distances[index]!;
      if (loss > least || (loss === least && packRgb(colours[index]!) < packRgb(colours[dropped]!))) continue;
      least = loss;
      dropped = index;
    }
    alive.delete(dropped);
    weights[nearest[dropped]!]! += weights[dropped]!;
    for (const index of alive) if (nearest[index] === dropped) findNearest(index);
  }
  return [...alive].map((index) => colours[index]!);
}

function squaredDistance(a: Rgb, b: Rgb): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}
