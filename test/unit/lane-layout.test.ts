import assert from 'node:assert/strict';
import { test } from 'node:test';
import { laneLayout } from '../../tiling/operations/corners.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';

/** An image as far as its sums are concerned. */
function imageOf(side: number, dtype: 'uint8' | 'uint16', channels: number, alpha?: 'unassociated'): RasterInfo {
  const { width, height } = { width: side, height: side };
  return {
    width,
    height,
    dtype,
    channels,
    photometric: 1,
    carried: [],
    alpha: alpha ?? 'none',
  } as unknown as RasterInfo;
}

const CLIP = { masked: false, border: 'clip', constantValue: 0, radius: 2000 } as const;

test('sums of integers are one lane, and of images too large for that digits of one', () => {
  assert.deepEqual(laneLayout(imageOf(15_000, 'uint8', 3), CLIP), { lanes: 3, weighted: false, countsBad: false });
  // 2^52 holds 2^36 samples of 16 bits.
  assert.equal(laneLayout(imageOf(2 ** 18, 'uint16', 1), CLIP)?.digits, undefined);
  const large = laneLayout(imageOf(300_000, 'uint16', 1), CLIP);
  assert.deepEqual([large?.lanes, large?.digits?.at.length], [2, 2]);
  const extended = laneLayout(imageOf(40_000, 'uint16', 1), { ...CLIP, border: 'reflect' });
  assert.deepEqual([extended?.lanes, extended?.digits?.at.length], [2, 2]);
});

test('squares are further lanes, of integers one or two digits each, which alpha does not weigh', () => {
  const squares = { ...CLIP, squares: true };
  const of8 = laneLayout(imageOf(15_000, 'uint8', 3), squares);
  assert.deepEqual([of8?.lanes, of8?.squares?.at], [6, [0]]);
  const of16 = laneLayout(imageOf(15_000, 'uint16', 2, 'unassociated'), squares);
  assert.deepEqual([of16?.lanes, of16?.digits, of16?.squares?.at], [6, undefined, [0, 24]]);
});

test('weights of alpha, which are summed as they are, end where they would not be exact', () => {
  assert.notEqual(laneLayout(imageOf(15_000, 'uint16', 2, 'unassociated'), CLIP), undefined);
  assert.equal(laneLayout(imageOf(300_000, 'uint16', 2, 'unassociated'), CLIP), undefined);
});
