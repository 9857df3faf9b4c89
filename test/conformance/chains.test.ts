import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { filterPixels } from '../../library/filter-pixels.js';
import { parseOperation } from '../../library/parse-operation.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { runEngine } from '../support/engine.js';
import { readLevels } from '../support/output-levels.js';
import { startScript } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { type ChainCase, chainImage, chainMap, drawChains, type Link, NODATA, operationsOf } from './chain-cases.js';

const folder = scratchFolder();
const SIZE = { width: 118, height: 101 };
const map = join(folder, 'map.tif');
const mapRaster = chainMap(SIZE);
writeTiff(map, mapRaster);

/** One job over operations that may or may not use the map. */
function jobOf(name: string, links: readonly Link[], rest: Omit<JobSpecInput, 'output' | 'map'>): JobSpecInput {
  const byMap = links.some((link) => link.byMap);
  return {
    ...rest,
    output: join(folder, `${name}.tif`),
    ...(byMap && { map }),
    compression: { codec: 'none' },
    overviews: false,
    block: 32,
  };
}

/** How far what shifts by its last digit may be apart after two more operations. */
const SHIFT = { uint8: 2, uint16: 2, float32: 4e-5 };

function differences(a: TileRaster, b: TileRaster, allowed = 0): string | undefined {
  assert.deepEqual([a.rect, a.dtype, a.channels], [b.rect, b.dtype, b.channels]);
  let count = 0;
  let worst = 0;
  let first = '';
  a.samples.forEach((sample, i) => {
    const other = b.samples[i]!;
    if (Object.is(sample, other) || sample === other) return;
    if (count++ === 0) first = `sample ${i} is ${other} instead of ${sample}`;
    worst = Math.max(worst, Number.isNaN(sample - other) ? Number.POSITIVE_INFINITY : Math.abs(sample - other));
  });
  return worst <= allowed ? undefined : `${count} of ${a.samples.length} samples differ, worst by ${worst}; ${first}`;
}

/** Each operation's output file is the next one's input. */
async function oneByOne(name: string, links: readonly Link[], spec: JobSpecInput): Promise<TileRaster> {
  let image = spec.image;
  for (const [index, link] of links.entries()) {
    const operations = [spec.operations[index]!];
    const step = jobOf(`${name}-${index}`, [link], { image, operations, tile: 64, nodata: spec.nodata });
    await runEngine(step);
    image = step.output;
  }
  return (await readLevels(image))[0]!;
}

async function checkChain(at: ChainCase, index: number): Promise<string | undefined> {
  const links = [at.first, at.second, at.third];
  const raster = chainImage(SIZE, at, index + 1);
  const image = join(folder, `image-${index}.tif`);
  const alpha = at.samples === 'alpha' && at.channels === 4 ? 'unassociated' : undefined;
  writeTiff(image, raster, { tile: 64 }, alpha && { alpha });
  const hasNodata = at.samples === 'nodata' && !links.some(({ endsNodata }) => endsNodata);
  const nodata = hasNodata ? [NODATA[at.dtype]] : undefined;
  const operations = operationsOf(links, raster, at.border, folder);
  const spec = jobOf(`chain-${index}`, links, { image, operations, tile: at.tile, nodata });
  await runEngine(spec);
  const chained = (await readLevels(spec.output))[0]!;
  const allowed = links.some(({ shifts }) => shifts) ? SHIFT[at.dtype] : 0;
  const apart = differences(chained, await oneByOne(`step-${index}`, links, spec), allowed);
  if (apart !== undefined) return apart;
  const images: Record<string, { samples: TileRaster['samples']; width: number; height: number; channels: number }> =
    {};
  for (const path of operations.flatMap(({ params = {} }) => [params.flat, params.dark])) {
    if (typeof path !== 'string') continue;
    const { rect, samples, channels } = (await readLevels(path))[0]!;
    images[path] = { samples, channels, width: rect.width, height: rect.height };
  }
  const inMemory = await filterPixels({ ...SIZE, samples: raster.samples, channels: raster.channels }, operations, {
    ...(spec.map !== undefined && { map: { ...SIZE, samples: mapRaster.samples } }),
    ...(alpha && { alpha }),
    images,
    nodata,
  });
  const { samples, width, height, channels } = inMemory;
  const rect = { x: 0, y: 0, width, height };
  const fault = differences(chained, { ...chained, rect, channels, samples }, allowed);
  return fault && `in memory: ${fault}`;
}

test('a chain gives the pixels of its operations one by one, from a file and in memory', async () => {
  const faults: string[] = [];
  for (const [index, at] of drawChains(60, 5).entries()) {
    const fault = await checkChain(at, index);
    if (fault !== undefined) faults.push(`${JSON.stringify(at)}: ${fault}`);
  }
  assert.deepEqual(faults, []);
});

/** Chains whose tiles are coupled in every way. */
const COUPLED: readonly (readonly Link[])[] = [
  [
    { name: 'gaussian', params: { quality: 'exact' }, byMap: true },
    { name: 'row-ema', params: { alpha: 0.2 } },
    { name: 'box', byMap: true },
  ],
  [{ name: 'gaussian', params: { sigma: 2 } }, { name: 'threshold', params: { method: 'otsu' } }, { name: 'median' }],
  [
    { name: 'flat-field', frames: true },
    { name: 'row-ema', params: { alpha: 0.5 } },
    { name: 'threshold', params: { method: 'otsu' } },
  ],
  [
    { name: 'iterated-box', byMap: true },
    { name: 'downscale', params: { factor: 2 }, downscales: true },
    { name: 'std' },
  ],
];

const PLAIN: ChainCase = {
  first: { name: 'box' },
  second: { name: 'box' },
  third: { name: 'box' },
  dtype: 'uint8',
  border: undefined,
  tile: 64,
  channels: 3,
  samples: 'plain',
};

for (const dtype of ['uint8', 'float32'] as const) {
  test(`${dtype}: tile sides and threads change no pixel of a chain`, async () => {
    const size = { width: 300, height: 270 };
    const raster = chainImage(size, { ...PLAIN, dtype }, 77);
    const image = join(folder, `large-${dtype}.tif`);
    const largeMap = join(folder, `large-map-${dtype}.tif`);
    writeTiff(image, raster, { tile: 64, deflate: true });
    writeTiff(largeMap, chainMap(size));
    for (const [index, links] of COUPLED.entries()) {
      const operations = operationsOf(links, raster, undefined, folder);
      const crcs = new Set<string>();
      for (const tile of [64, 128, 256]) {
        for (const threads of [1, 2]) {
          const job = jobOf(`cut-${dtype}-${index}-${tile}-${threads}`, links, { image, operations, tile });
          const { crc } = await runEngine({ ...job, ...(job.map !== undefined && { map: largeMap }) }, { threads });
          crcs.add(crc);
        }
      }
      assert.equal(crcs.size, 1, JSON.stringify(links));
    }
  });
}

test('a job with reductions and carries continues after a kill within and between its stages', async () => {
  const size = { width: 250, height: 220 };
  const raster = chainImage(size, { ...PLAIN, dtype: 'float32', channels: 1 }, 3);
  const image = join(folder, 'killed-image.tif');
  writeTiff(image, raster);
  const links: Link[] = [
    { name: 'row-ema', params: { alpha: 0.1 } },
    { name: 'threshold', params: { method: 'otsu' } },
    { name: 'row-ema', params: { alpha: 0.4 } },
  ];
  // Otsu over floats takes two reductions, so there are three stages of this many tiles.
  const tiles = Math.ceil(size.width / 32) * Math.ceil(size.height / 32);
  const operations = operationsOf(links, raster, undefined, folder);
  const whole = await runEngine(jobOf('whole', links, { image, operations, tile: 32 }));
  const spec = jobOf('killed', links, { image, operations, tile: 32 });
  for (const killAt of [tiles >> 1, tiles, 2 * tiles, 2 * tiles + (tiles >> 1)]) {
    const { child, ended } = startScript(new URL('../support/job-process.js', import.meta.url), [
      JSON.stringify(spec),
      '2',
    ]);
    child.stdout!.on('data', (text: string) => {
      if (text.split('\n').some((line) => line !== '' && Number(line) >= killAt)) child.kill('SIGKILL');
    });
    assert.equal((await ended).signal, 'SIGKILL');
  }
  const result = await runEngine(spec);
  assert.ok(result.tiles.resumed >= 2 * tiles + (tiles >> 1), `${result.tiles.resumed} tiles were kept`);
  assert.equal(result.tiles.total, 3 * tiles);
  assert.equal(result.crc, whole.crc);
});

/** What a job says of a chain that it cannot run, before any work. */
const REFUSED: Readonly<
  Record<
    string,
    { readonly chain: readonly string[]; readonly map?: string; readonly scale?: number; readonly says: RegExp }
  >
> = {
  'a map after a change of size': {
    chain: ['downscale:factor=2', 'box'],
    map,
    says: /^operation 2: 'box' by map follows a change of size; expected an input of 118×101, .* put it before the downscale$/,
  },
  'rounds that reach beyond a tile': {
    chain: ['iterated-box'],
    map,
    scale: 5,
    says: /^iterated-box reads \d+ pixels beyond a tile of 64; expected a halo no wider than the tile; use .*k=\d+/,
  },
  'no map': {
    chain: ['gaussian'],
    says: /^operation 1 'gaussian': neither a sigma nor a map is given; give sigma=VALUE or --map FILE$/,
  },
  'an unknown parameter': { chain: ['box:radius=2', 'max:footprnt=disk:2'], says: /^operation 2 'max': .*footprnt/ },
  'an unknown operation': {
    chain: ['blurr'],
    says: /^operation 1 'blurr': there is no such operation; expected box, /,
  },
  'frames of another size': {
    chain: ['downscale:factor=2', `flat-field:flat=${map}`],
    says: /^.*map\.tif: the flat image is 118×101; expected 59×51, the size of the image it is combined with/,
  },
};

for (const [what, { chain, map: given, scale, says }] of Object.entries(REFUSED)) {
  test(`${what} is refused in one sentence`, async () => {
    const image = join(folder, 'refused.tif');
    writeTiff(image, chainImage(SIZE, PLAIN, 1));
    const spec: JobSpecInput = {
      image,
      output: join(folder, 'refused-out.tif'),
      operations: chain.map(parseOperation),
      mapping: { scale },
      tile: 64,
      block: 32,
      ...(given !== undefined && { map: given }),
    };
    await assert.rejects(runEngine(spec), (error: Error) => {
      assert.match(error.message, says);
      return true;
    });
    assert.equal(existsSync(spec.output), false);
  });
}

test('the box side that a refusal names fits', async () => {
  const image = join(folder, 'fits.tif');
  writeTiff(image, chainImage(SIZE, PLAIN, 1));
  const spec = (k?: string): JobSpecInput => ({
    image,
    map,
    output: join(folder, 'fits-out.tif'),
    operations: [{ name: 'iterated-box', params: k === undefined ? {} : { k } }],
    mapping: { scale: 5 },
    tile: 64,
    block: 32,
  });
  const refusal: Error = await runEngine(spec()).then(
    () => assert.fail(),
    (error: Error) => error,
  );
  const k = Number(refusal.message.match(/k=(\d+)/)![1]);
  await runEngine(spec(String(k)));
  await assert.rejects(runEngine(spec(String(k - 2))));
});
