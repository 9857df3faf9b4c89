import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cluster, simulate } from '../../loadtest/simulation/cluster.js';
import { FIXED } from '../../loadtest/simulation/costs.js';

const costs = { ...FIXED, pixelNs: 1000, spread: 0, bytesPerPixel: 1, storageBytesPerSecond: 1e12 };
/** A tile takes 66.5 ms of a thread. */
const cluster: Cluster = { coordinators: 1, workers: 4, slots: 1, tileSide: 256, jobs: 2, tiles: 400, costs, seed: 1 };
const near = (value: number, expected: number) => assert.ok(Math.abs(value / expected - 1) < 0.03, `${value}`);

test('a cluster in simulated time is as fast as its workers, its coordinators or its storage', () => {
  const few = simulate(cluster);
  near(few.tilesPerSecond, 4 / 0.066536);
  assert.equal(few.committed, 400);
  assert.equal(few.wasted, 0);
  near(few.workersBusy, 1);

  const slow = { ...cluster, costs: { ...costs, coordinatorMs: 50, heartbeatMs: 0 } };
  near(simulate(slow).tilesPerSecond, 20);
  near(simulate({ ...slow, coordinators: 2 }).tilesPerSecond, 40);

  const narrow = simulate({ ...cluster, costs: { ...costs, storageBytesPerSecond: 65536 * 10 } });
  near(narrow.tilesPerSecond, 10);
  near(narrow.storageBusy, 1);

  const { schedulerMicroseconds: _, ...again } = simulate(cluster);
  const { schedulerMicroseconds: __, ...first } = few;
  assert.deepEqual(again, first, 'the same seed gives the same');
});
