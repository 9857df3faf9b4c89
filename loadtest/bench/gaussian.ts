// Fixed Gaussians on a 4K frame and Gaussians by map on one thread: node dist/loadtest/bench/gaussian.js
import { benchFixed, benchScaleSpace } from './gaussian-timing.js';

const frame = { width: 3840, height: 2160 };
console.table([
  benchFixed(frame, { ksize: 31, sigma: 5 }, 'uint8', 1),
  benchFixed({ width: 1024, height: 1024 }, { ksize: 31, sigma: 5 }, 'uint8', 3),
  benchFixed({ width: 1024, height: 1024 }, { ksize: 31, sigma: 5 }, 'float32', 1),
]);
const ranges: readonly (readonly [number, number, number])[] = [
  [0.6, 0.9, 512],
  [1, 1.5, 512],
  [1.4, 2.1, 512],
  [2, 3, 512],
  [3, 4, 512],
  [4, 6, 512],
  [8, 12, 512],
  [16, 24, 512],
  [22, 32, 512],
  [22, 32, 1024],
  [0, 64, 512],
  [0, 64, 1024],
];
for (const dtype of ['uint8', 'uint16', 'float32'] as const) {
  console.log(`By map, RGB ${dtype}, ns a pixel`);
  console.table(ranges.map(([low, high, tile]) => benchScaleSpace(low, high, tile, dtype)));
}
