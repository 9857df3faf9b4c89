import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeDemoScene } from '../../cli/demo/scene.js';
import { HalotileError } from '../../tiling/errors.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { ThreadPoolExecutor } from '../../worker/index.js';
import { runEngine } from '../support/engine.js';
import { scratchFolder } from '../support/scratch-folder.js';

const folder = scratchFolder();
const pools: ThreadPoolExecutor[] = [];
after(() => Promise.all(pools.map((pool) => pool.close())));

function poolOf(maximumBytes: number): ThreadPoolExecutor {
  const name = `pieces-${process.pid}-${pools.length}`;
  const pool = new ThreadPoolExecutor({ threads: 2, backend: 'wasm', name, maximumBytes });
  pools.push(pool);
  return pool;
}

async function planOf(spec: JobSpecInput): Promise<Plan> {
  let plan: Plan | undefined;
  const onPlan = (made: Plan) => {
    plan = made;
  };
  await runEngine(spec, { onPlan });
  return plan!;
}

async function assertSameInPieces(name: string, spec: Omit<JobSpecInput, 'output'>): Promise<void> {
  const whole = join(folder, `${name}-whole.tif`);
  const plan = await planOf({ ...spec, output: whole });
  const pieces = join(folder, `${name}-pieces.tif`);
  const executor = poolOf(0.75 * plan.memory.linearBytes);
  const result = await runEngine({ ...spec, output: pieces }, { executor });
  assert.ok(readFileSync(pieces).equals(readFileSync(whole)), name);
  // A halo around each piece instead of one around the tile: the sign that pieces ran at all.
  assert.ok(result.halo.pixelsRead > result.width * result.height, name);
}

const scene = await makeDemoScene({
  ...{ directory: join(folder, 'scene'), size: { width: 1100, height: 1000 }, seed: 1, threads: 2, maxRadius: 40 },
});

test('a tile whose memory a thread cannot get is computed in pieces, with the same pixels', async () => {
  const { image, map } = scene;
  await assertSameInPieces('box', { image, map, operations: [{ name: 'box' }], mapping: { max: 40 }, tile: 1024 });
  const chain = [{ name: 'box' }, { name: 'max', params: { footprint: 'disk:5' } }];
  await assertSameInPieces('chain', {
    image,
    map,
    operations: chain,
    mapping: { max: 40 },
    tile: 1024,
    dtype: 'uint16',
  });
});

test('a scan along rows, and a limit below the smallest piece, are refused with the figure', async () => {
  const { image } = scene;
  const scan: JobSpecInput = {
    ...{
      image,
      output: join(folder, 'scan.tif'),
      operations: [{ name: 'row-ema', params: { alpha: 0.5 } }],
      tile: 1024,
    },
  };
  const refused = (error: unknown) => error instanceof HalotileError && error.tag === 'over-limit';
  await assert.rejects(runEngine(scan, { executor: poolOf(2 << 20) }), refused);
  const box = { ...scan, output: join(folder, 'box.tif'), operations: [{ name: 'box', params: { radius: 3 } }] };
  await assert.rejects(runEngine(box, { executor: poolOf(2 << 20) }), refused);
});
