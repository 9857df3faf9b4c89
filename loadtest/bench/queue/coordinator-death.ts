import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeDemoScene } from '../../../cli/demo/scene.js';
import { JobsClient } from '../../../library/cluster/jobs-client.js';
import { halotile } from '../../../proto/gen/messages.js';
import { jobSpecSchema } from '../../../tiling/job/job-spec.js';
import { readTiles } from '../../../tiling/stitch/tile-ledger.js';
import { LocalServices } from '../../k6/local-services.js';
import { type QueueBenchOptions, withEmptyRedis } from './options.js';

const SIDE = 4000;
const LOOK_MS = 10;
const TILES_BEFORE = 10;
/** The folder of whoever goes on. */
const SECOND = 'epoch-000002';

/**
 * How long after the death of a coordinator the first tile is committed by the other one, with settings as they are: a
 * worker works for both, and the ledger says who committed what.
 */
export async function coordinatorDeath({ rounds, redisUrl, say }: QueueBenchOptions): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'halotile-bench-death-'));
  const size = { width: SIDE, height: SIDE };
  await makeDemoScene({ directory: root, size, seed: 1, threads: 2 });
  try {
    for (let round = 1; round <= rounds; round++) {
      const seconds = await withEmptyRedis(redisUrl, () => deathOf(root, redisUrl));
      say('death of a coordinator to the next tile by another', `${seconds.toFixed(1)} s`);
    }
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function deathOf(root: string, redisUrl: string): Promise<number> {
  const output = join(root, 'out.tif');
  const services = await LocalServices.start({ workers: 1, coordinators: 2, redisUrl, root });
  const clients = services.addresses.map((address) => new JobsClient({ address }));
  // So many small tiles of so much work that it is under way for minutes.
  const spec = jobSpecSchema.parse({
    ...{ image: 'root:data/scene.tif', output: 'root:data/out.tif', tile: 128, block: 128 },
    operations: [{ name: 'median', params: { footprint: 'rect:51x51' } }],
  });
  try {
    const { id } = await clients[0]!.submit(spec);
    const tiles = () => (existsSync(`${output}.partial`) ? readTiles(`${output}.partial`).tiles : []);
    await until(() => tiles().length >= TILES_BEFORE);
    const owner = await ownerOf(clients);
    services.kill(owner);
    const killedMs = performance.now();
    await until(() => existsSync(join(`${output}.partial`, SECOND)));
    await until(() => tiles().some(({ part }) => part.startsWith(SECOND)));
    const seconds = (performance.now() - killedMs) / 1000;
    await clients[1 - owner]!.cancel(id!);
    for await (const { state } of clients[1 - owner]!.watch(id!)) {
      if (state === halotile.v1.JobState.JOB_STATE_CANCELLED) break;
    }
    await clients[1 - owner]!.discard('root:data/out.tif');
    return seconds;
  } finally {
    for (const client of clients) client.close();
    await services.close();
  }
}

/** Whose tasks the worker has. */
async function ownerOf(clients: readonly JobsClient[]): Promise<number> {
  for (;;) {
    for (const [index, client] of clients.entries()) {
      for await (const { tasks } of client.workers()) if (tasks?.length) return index;
    }
    await pause(LOOK_MS);
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await pause(LOOK_MS);
}
