import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { toPortable } from '../../proto/convert/portable.js';
import { halotile as halotileProto } from '../../proto/gen/messages.js';
import { setPlaceSettings } from '../../threads/places/settings.js';
import { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { sessionJob } from '../../worker/session/session-job.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { PlaceServer } from '../support/place-server.js';
import { halotile, startHalotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { serve } from '../support/serve-process.js';
import { writeTiff } from '../support/tiff-file.js';

const endpoint = { address: '127.0.0.1:1' };
const SIZE = { width: 600, height: 400 };
const random = noise(5);

test('a cluster reads URLs where its operators allow it, and workers by themselves where theirs do', async () => {
  const folder = scratchFolder();
  const here = (name: string) => join(folder, name);
  writeTiff(
    here('in.tif'),
    imageOf(SIZE, { dtype: 'uint8', channels: 3 }, () => random(256)),
    { tile: 64 },
  );
  mkdirSync(here('data'));
  const server = await PlaceServer.start();
  for (const path of ['/open/in.tif', '/closed/in.tif']) {
    server.files.set(path, { bytes: readFileSync(here('in.tif')), etag: '"1"' });
  }
  const asked: string[] = [];
  server.fault = ({ url }: IncomingMessage) => {
    asked.push(url!);
    return false;
  };
  const open = `${server.url}/open`;
  const { process: coordinator, port } = await serve(folder, 0, ['--allow-place', open]);
  const address = `127.0.0.1:${port}`;
  const run = (image: string, output: string) =>
    halotile(
      'process',
      image,
      '-o',
      output,
      '--op',
      'box:radius=3',
      '--quiet',
      '--tile',
      '128',
      '--block',
      '64',
      ...(output.includes('near') ? [] : ['--coordinator', address]),
    );
  try {
    const refused = await run(`${server.url}/closed/in.tif`, here('no.tif'));
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /closed\/in\.tif: a URL that this coordinator does not read; [^\n]*--allow-place/);
    writeFileSync(here('data/list.csv'), `image\n${server.url}/closed/in.tif\n`);
    const listed = here('listed.yaml');
    writeFileSync(
      listed,
      JSON.stringify({
        images: ['root:data/list.csv'],
        output: 'root:data/out/{name}.tif',
        operations: [{ name: 'box', params: { radius: 1 } }],
      }),
    );
    const byList = await halotile('run', listed, '--coordinator', address, '--quiet');
    assert.notEqual(byList.code, 0);
    assert.match(byList.stderr, /a URL that this coordinator does not read/);
    assert.deepEqual(asked, [], 'nothing was asked of the server');

    assert.equal((await run(here('in.tif'), here('near.tif'))).code, 0);
    // A worker that may not read gets the blocks from the coordinator.
    for (const allowed of [[], ['--allow-place', open]]) {
      const worker = startHalotile('worker', '--coordinator', address, '--threads', '1', ...allowed);
      const { code, stderr } = await run(`${open}/in.tif`, here('far.tif'));
      assert.equal(code, 0, stderr);
      assert.deepEqual(readFileSync(here('far.tif')), readFileSync(here('near.tif')));
      worker.child.kill('SIGTERM');
      await worker.ended;
    }
  } finally {
    coordinator.kill();
    server.close();
  }
});

test('a worker reads a URL by itself where whoever runs it allows that, and nowhere else', () => {
  const raster = { name: 'in.tif', raw: false };
  const url = 'https://host/open/in.tif';
  const message = new halotileProto.v1.OpenJob({
    key: 'job',
    inputs: [{ name: 'image', place: { url }, sourceJson: toPortable(raster) }],
  });
  const sourceIn = (allow: readonly string[]) => {
    setPlaceSettings({ allow });
    return sessionJob(message, { endpoint, roots: new StorageRoots({}) }).preferred.inputs[0]!.source;
  };
  const source = sourceIn(['https://host/open']);
  assert.deepEqual([source.kind, source.kind === 'file' && source.path], ['file', url]);
  for (const allow of [[], ['https://host/other']]) assert.equal(sourceIn(allow).kind, 'coordinator');
});
