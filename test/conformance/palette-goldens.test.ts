import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { estimateBandwidth } from '../../tiling/palette/bandwidth.js';
import type { CountedColour } from '../../tiling/palette/colour-counts.js';
import { pointsOf } from '../../tiling/palette/colour-space.js';
import { nearestIndices } from '../../tiling/palette/downscale-nearest.js';
import { meanShift } from '../../tiling/palette/mean-shift.js';
import { NearestColour, packRgb, type Rgb } from '../../tiling/palette/nearest-colour.js';

interface Goldens {
  readonly meanShift: readonly {
    readonly name: string;
    readonly points: readonly Rgb[];
    readonly weights: readonly number[];
    readonly runs: readonly {
      readonly quantile: number | null;
      readonly bandwidth: number;
      readonly centres: readonly Rgb[];
    }[];
  }[];
  readonly downscale: readonly (readonly [number, number, readonly number[]])[];
  readonly remap: { readonly palette: Rgb[]; readonly rgb: readonly Rgb[]; readonly indices: readonly number[] };
}

const fixture = new URL('../../../test/fixtures/palette/goldens.json', import.meta.url);
const goldens = JSON.parse(readFileSync(fixture, 'utf8')) as Goldens;

const weighted = ([red, green, blue]: Rgb, count: number): CountedColour => ({
  count,
  red: red * count,
  green: green * count,
  blue: blue * count,
});

for (const { name, points, weights, runs } of goldens.meanShift) {
  const colours = points.map((point, index) => weighted(point, weights[index]!));
  const repeated = points.flatMap((point, index) => Array.from({ length: weights[index]! }, () => weighted(point, 1)));
  for (const run of runs) {
    const label = run.quantile === null ? `bandwidth ${run.bandwidth}` : `quantile ${run.quantile}`;
    test(`${name}, ${label}: bandwidth and centres are scikit-learn's on the repeated points`, () => {
      for (const form of [colours, repeated]) {
        const weightedPoints = pointsOf(form, 'rgb');
        if (run.quantile !== null) near(estimateBandwidth(weightedPoints, run.quantile), run.bandwidth);
        const centres = meanShift(weightedPoints, run.bandwidth).map(({ at }) => at);
        assert.equal(centres.length, run.centres.length);
        centres.forEach((centre, index) => {
          for (const axis of [0, 1, 2] as const) near(centre[axis], run.centres[index]![axis]);
        });
      }
    });
  }
}

test('nearest downscale takes the samples that SciPy and scikit-image take', () => {
  for (const [input, output, indices] of goldens.downscale) {
    assert.deepEqual([...nearestIndices(input, output)], indices, `${input} to ${output}`);
  }
});

test('the nearest colour is argmin of cdist, ties to the lowest index', () => {
  const nearest = new NearestColour(goldens.remap.palette);
  assert.deepEqual(
    goldens.remap.rgb.map((rgb) => nearest.indexOf(packRgb(rgb))),
    goldens.remap.indices,
  );
});

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-6, `${actual} is not ${expected} to 1e-6`);
}
