import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { filesBelow } from '../../tiling/files-below.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { MotoServer, NO_MOTO, s3Error } from '../support/moto-server.js';
import { halotile, startHalotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { serve } from '../support/serve-process.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const here = (name: string) => join(folder, name);
const store = NO_MOTO === false ? await MotoServer.start() : undefined;
after(() => store?.close());
const random = noise(11);
const OPERATION = ['--op', 'box:radius=2', '--quiet', '--tile', '128', '--block', '64'];

const stored = (key: string) => store!.stored(`bucket/${key}`);

test('a cluster writes objects where its operator allows it', { skip: NO_MOTO }, async () => {
  Object.assign(process.env, {
    ...{ AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-east-1' },
    ...{ HALOTILE_S3_ENDPOINT: store!.endpoint, HALOTILE_STAGING: here('staging') },
  });
  await store!.ask('PUT', '/bucket');
  mkdirSync(here('in'));
  mkdirSync(here('data'));
  for (const name of ['a', 'b']) {
    const image = imageOf({ width: 500, height: 300 }, { dtype: 'uint8', channels: 3 }, () => random(256));
    writeTiff(here(`in/${name}.tif`), image, { tile: 64 });
  }
  assert.equal((await halotile('process', here('in'), '-o', here('near/{name}.tif'), ...OPERATION)).code, 0);
  mkdirSync(here('data/art/sheets'), { recursive: true });
  for (const name of ['a', 'b']) copyFileSync(here(`in/${name}.tif`), here(`data/art/sheets/${name}.tif`));
  await store!.ask('PUT', '/bucket/in/a.tif', readFileSync(here('in/a.tif')));
  const { process: coordinator, port } = await serve(folder, 0, ['--allow-output', 's3://bucket/out']);
  const address = `127.0.0.1:${port}`;
  const worker = startHalotile('worker', '--coordinator', address, '--threads', '1');
  const run = (image: string, output: string, ...more: string[]) =>
    halotile('process', image, '-o', output, ...OPERATION, '--coordinator', address, ...more);
  try {
    for (const output of ['s3://bucket/elsewhere/a.tif', 's3://bucket/outside/{name}.tif']) {
      const refused = await run(here('in/a.tif'), output);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /a URL that this coordinator does not write to; [^\n]*--allow-output/);
    }
    const one = await run(here('in/a.tif'), 's3://bucket/out/one.tif', '--json');
    assert.equal(one.code, 0, one.stderr);
    assert.equal((JSON.parse(one.stdout) as { output: string }).output, 's3://bucket/out/one.tif');
    assert.deepEqual(await stored('out/one.tif'), readFileSync(here('near/a.tif')));

    const many = await run(here('in'), 's3://bucket/out/{name}.tif', '--json');
    assert.equal(many.code, 0, many.stderr);
    assert.equal((JSON.parse(many.stdout) as { report: string }).report, 's3://bucket/out/report.html');
    for (const name of ['a', 'b'])
      assert.deepEqual(await stored(`out/${name}.tif`), readFileSync(here(`near/${name}.tif`)));
    await stored('out/report.json');
    // What may be written may be read: a job goes on from one object to the next.
    const next = await run('s3://bucket/out/one.tif', 's3://bucket/out/next.tif');
    assert.equal(next.code, 0, next.stderr);
    const unread = await run('s3://bucket/in/a.tif', 's3://bucket/out/next.tif');
    assert.match(unread.stderr, /a URL that this coordinator does not read/);

    // Frames that are sent, and frames in shared storage: the objects are the files of a run here.
    const flags = ['--colors', '8', '--size', '40x30', '--quiet'];
    const near = await halotile('palette', here('data/art'), '-o', here('palettes'), ...flags);
    assert.equal(near.code, 0, near.stderr);
    for (const [frames, output] of [
      [here('data/art'), 's3://bucket/out/sent'],
      ['root:data/art', 's3://bucket/out/shared/'],
    ] as const) {
      const far = await halotile('palette', frames, '-o', output, ...flags, '--coordinator', address, '--json');
      assert.equal(far.code, 0, far.stderr);
      const folder = output.replace(/\/$/, '');
      const { report } = JSON.parse(far.stdout) as { report: string };
      assert.equal(report, `${folder}/report.html`);
      const names = [...filesBelow(here('palettes'))].filter((path) => !/\.halotile|report\.(?:json|html)$/.test(path));
      assert.equal(names.length, 5);
      const key = folder.slice('s3://bucket/'.length);
      for (const path of names)
        assert.deepEqual(await stored(`${key}/${path.slice(here('palettes/').length)}`), readFileSync(path), path);
      const written = JSON.parse((await stored(`${key}/report.json`)).toString()) as { job: { output: string } };
      assert.equal(written.job.output, folder);
    }
    // What breaks off while it is sent is said by the objects' names, and the same job sends it.
    let sent = 0;
    store!.fault = ({ method, url }, response) => {
      if (method !== 'PUT' || !url?.includes('broken') || ++sent < 4) return false;
      response.writeHead(400).end(s3Error('ExpiredToken'));
      return true;
    };
    const broken = ['palette', 'root:data/art', '-o', 's3://bucket/out/broken', ...flags, '--coordinator', address];
    const first = await halotile(...broken);
    assert.match(first.stderr, /^halotile: s3:\/\/bucket\/out\/broken\/\S+: the credentials have expired [^\n]+\n$/);
    store!.calm();
    const again = await halotile(...broken, '--json');
    assert.equal(again.code, 0, again.stderr);
    const { frames } = JSON.parse(again.stdout) as { frames: { reused: number; total: number } };
    assert.equal(frames.reused, frames.total, 'nothing is computed anew');
    assert.deepEqual(await stored('out/broken/sheets/a.png'), await stored('out/sent/sheets/a.png'));
    const elsewhere = ['-o', 's3://bucket/x', '--coordinator', address];
    const outside = await halotile('palette', here('data/art'), ...elsewhere, ...flags);
    assert.match(outside.stderr, /a URL that this coordinator does not write to; [^\n]*--allow-output/);
    assert.deepEqual(readdirSync(here('staging')), [], 'nothing is left at the coordinator');
  } finally {
    worker.child.kill('SIGTERM');
    await worker.ended;
    coordinator.kill();
  }
});
