import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthOf } from '../../loadtest/soak/growth.js';
import { type Soak, soakCluster, soakLibrary } from '../../loadtest/soak/soak.js';

// The short form of `npm run soak`. A leak of one descriptor in ten jobs, or of a megabyte in three, shows here.

const JOBS = 300;
const MAX_DESCRIPTORS = 0.1;
/** Heaps are still growing into their size after so few jobs; the long form allows a tenth. */
const MAX_MEMORY = 0.25;
const options = { goesOn: (jobs: number) => jobs < JOBS, every: 10 };
const linux = { skip: process.platform !== 'linux' && 'figures of a process are read from /proc' };

function assertFlat(soak: Soak): void {
  for (const [name, samples] of soak) {
    const { descriptors, residentBytes } = growthOf(samples);
    assert.ok(descriptors <= MAX_DESCRIPTORS, `${name}: open files grew by ${descriptors}`);
    assert.ok(residentBytes <= MAX_MEMORY, `${name}: memory grew by ${residentBytes}`);
  }
}

test('job after job, a coordinator and a worker hold as much as before', linux, async () => {
  assertFlat(await soakCluster(options));
});

test('call after call, the library holds as much as before', linux, async () => {
  assertFlat(await soakLibrary(options));
});
