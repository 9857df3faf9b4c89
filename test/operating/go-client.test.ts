import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec, local } from '../cluster/scene-files.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const source = join(root, 'test/clients/go');
/** What is not at hand is not fetched: .ci/run does that. */
const env = { ...process.env, GOPROXY: 'off', GOTOOLCHAIN: 'local' };

/** Whether Go is there and has the modules that go.mod names. */
function isGoReady(): boolean {
  const needed = ['google.golang.org/grpc', 'google.golang.org/genproto/googleapis/rpc/errdetails', 'tool'];
  return spawnSync('go', ['list', '-deps', ...needed], { cwd: source, env }).status === 0;
}

test('a Go program plans, submits, watches, downloads and reads a refusal from the proto alone', {
  skip: !isGoReady() && 'no Go with the modules of test/clients/go/go.mod',
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'halotile-go-'));
  const cluster = await TestCluster.start();
  try {
    const buf = join(root, 'node_modules/.bin/buf');
    await run(buf, ['generate', '-o', directory], { cwd: source, env });
    for (const name of ['go.mod', 'go.sum', 'main.go']) cpSync(join(source, name), join(directory, name));
    await run('go', ['vet', '.'], { cwd: directory, env });
    await run('go', ['build', '-buildvcs=false', '-o', 'client', '.'], { cwd: directory, env });

    await cluster.worker();
    const at = (name: string) => join(cluster.root, name);
    const crc = await local(blurSpec(at, at('oracle.tif')));
    const args = [cluster.address, at('deflate.tif'), at('map.tif'), at('go.tif')];
    const { stdout, stderr } = await run(join(directory, 'client'), args);
    assert.equal(stdout.trim(), crc);
    assert.match(stderr, /refused: spec\.output: /);
    assert.ok(readFileSync(at('go.tif')).equals(readFileSync(at('oracle.tif'))));
  } finally {
    await cluster.close();
    rmSync(directory, { recursive: true });
  }
});
