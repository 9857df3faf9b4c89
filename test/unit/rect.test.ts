import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bandOrder, cellRect, cellsTouching, gridOf } from '../../tiling/geometry/grid.js';
import { area, around, contains, evenReach, grow, intersect, shrink } from '../../tiling/geometry/rect.js';

test('cells at the edge are cut at the image', () => {
  const grid = gridOf({ width: 1030, height: 10 }, { width: 512, height: 512 });
  assert.equal(grid.across, 3);
  assert.deepEqual(cellRect(grid, 2), { x: 1024, y: 0, width: 6, height: 10 });
});

test('a grown rect touches exactly the cells it overlaps', () => {
  const grid = gridOf({ width: 100, height: 100 }, { width: 10, height: 10 });
  const rect = grow({ x: 20, y: 20, width: 10, height: 10 }, evenReach(1));
  assert.deepEqual(cellsTouching(grid, rect), [11, 12, 13, 21, 22, 23, 31, 32, 33]);
  assert.deepEqual(cellsTouching(grid, { x: 200, y: 0, width: 5, height: 5 }), []);
});

test('a band order visits every cell once', () => {
  const grid = gridOf({ width: 70, height: 30 }, { width: 10, height: 10 });
  const order = bandOrder(grid, 3);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 21 }, (_, i) => i),
  );
  assert.deepEqual(order.slice(0, 6), [0, 1, 2, 7, 8, 9]);
});

test('an intersection lies in both', () => {
  const a = { x: -5, y: 0, width: 10, height: 10 };
  const b = { x: 0, y: 8, width: 10, height: 10 };
  assert.deepEqual(intersect(a, b), { x: 0, y: 8, width: 5, height: 2 });
  assert.ok(contains(a, intersect(a, b)));
});

test('what lies around a rect in another one and the rect itself cover it once', () => {
  const rect = { x: -3, y: 2, width: 9, height: 7 };
  const reach = { left: 2, right: 1, top: 0, bottom: 3 };
  for (const inner of [rect, shrink(rect, reach), { ...rect, x: 1, width: 2 }, { x: 5, y: 8, width: 1, height: 1 }]) {
    const parts = [inner, ...around(rect, inner)];
    assert.equal(
      parts.reduce((sum, part) => sum + area(part), 0),
      area(rect),
    );
    for (const part of parts) assert.ok(contains(rect, part));
    assert.ok(parts.every((a, i) => parts.slice(i + 1).every((b) => area(intersect(a, b)) === 0)));
  }
});

test('a shrunk rect is what grows into it again, or empty', () => {
  const rect = { x: 4, y: -1, width: 6, height: 5 };
  const reach = { left: 1, right: 2, top: 0, bottom: 3 };
  assert.deepEqual(grow(shrink(rect, reach), reach), rect);
  assert.equal(area(shrink(rect, evenReach(3))), 0);
});
