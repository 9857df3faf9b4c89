import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedOffers } from '../../coordinator/cluster/bounded-offers.js';

test('a cluster computes bounded operations with what all of its workers have, the best first', () => {
  const offers = new BoundedOffers();
  assert.deepEqual(offers.common, ['cpu']);
  assert.deepEqual(offers.join(1, ['webgpu A', 'cpu']), ['bounded:webgpu A', 'bounded:cpu']);
  assert.deepEqual(offers.common, ['webgpu A', 'cpu']);
  offers.join(2, ['webgpu A', 'cpu']);
  assert.deepEqual(offers.common, ['webgpu A', 'cpu']);
  offers.join(3, []);
  assert.deepEqual(offers.common, ['cpu']);
  offers.leave(3);
  offers.join(4, ['webgpu B', 'cpu']);
  assert.deepEqual(offers.common, ['cpu']);
  offers.leave(4);
  assert.deepEqual(offers.common, ['webgpu A', 'cpu']);
});
