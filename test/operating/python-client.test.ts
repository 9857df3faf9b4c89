import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec, local } from '../cluster/scene-files.js';

const script = fileURLToPath(new URL('../../../test/clients/submit_and_download.py', import.meta.url));
/** Optional fields need a protoc of 2021 or later. */
const probe = "import grpc, grpc_tools; assert [int(part) for part in grpc.__version__.split('.')[:2]] >= [1, 40]";
const python = spawnSync('python3', ['-c', probe], { stdio: 'ignore' }).status === 0 ? 'python3' : undefined;

test('a Python program submits, watches and downloads from the proto alone', {
  skip: python === undefined && 'no Python with grpcio and grpcio-tools',
}, async () => {
  const cluster = await TestCluster.start();
  try {
    await cluster.worker();
    const at = (name: string) => join(cluster.root, name);
    const crc = await local(blurSpec(at, at('oracle.tif')));
    const args = [script, cluster.address, at('deflate.tif'), at('map.tif'), at('python.tif')];
    const child = spawn(python!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 0, said);
    assert.equal(printed.trim(), crc);
    assert.ok(readFileSync(at('python.tif')).equals(readFileSync(at('oracle.tif'))));
  } finally {
    await cluster.close();
  }
});
