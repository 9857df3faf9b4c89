import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import { blurSpec, makeScene } from '../cluster/scene-files.js';

const folder = mkdtempSync(join(tmpdir(), 'halotile-releases-'));
const data = join(folder, 'data');
const started: ChildProcess[] = [];
after(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const here = join(repository, 'dist/cli/main.js');
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
const NEXT = '9.0.0';

/** This build under the number of a later release; its command. */
function nextRelease(): string {
  const release = join(folder, 'next');
  cpSync(join(repository, 'dist'), join(release, 'dist'), {
    recursive: true,
    filter: (path) => !/^(test|loadtest)(\/|$)/.test(relative(join(repository, 'dist'), path)),
  });
  writeFileSync(join(release, 'package.json'), JSON.stringify({ ...manifest, version: NEXT }));
  symlinkSync(join(repository, 'node_modules'), join(release, 'node_modules'));
  return join(release, 'dist/cli/main.js');
}

/** Starts a command; `saying` waits until what it wrote matches. */
function start(cli: string, ...args: string[]) {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const saying = async (what: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = what.exec(text);
      if (match !== null) return match;
      if (child.exitCode !== null) throw new Error(`it ended: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, ended, saying };
}

async function coordinator(cli: string, name: string) {
  const options = ['--listen', '127.0.0.1:0', '--state', join(folder, name), '--root', `data=${data}`];
  const process = start(cli, 'serve', ...options);
  const [, port] = await process.saying(/listens on .*:(\d+)/);
  return { ...process, address: `127.0.0.1:${port}` };
}

test('two releases work side by side on the same files, each with workers of its own', async () => {
  await makeScene(data);
  const next = nextRelease();
  const [old, young] = await Promise.all([coordinator(here, 'old'), coordinator(next, 'young')]);
  // As during an upgrade: every worker dials both.
  const both = ['worker', '--coordinator', old.address, '--coordinator', young.address, '--root', `data=${data}`];
  const workers = [here, next].map((cli, i) => start(cli, ...both, '--threads', '1', '--name', `worker-${i}`));
  const crcs = await Promise.all(
    [old, young].map(async ({ address }, i) => {
      const client = new JobsClient({ address });
      const named = (name: string) => `root:data/${name}`;
      const { id } = await client.submit(blurSpec(named, named(`out-${i}.tif`)));
      for await (const _ of client.watch(id!));
      const { result } = await client.get(id!);
      client.close();
      return result?.pixelCrc;
    }),
  );
  assert.ok(crcs[0]);
  assert.equal(crcs[0], crcs[1]);
  assert.deepEqual(readFileSync(join(data, 'out-0.tif')), readFileSync(join(data, 'out-1.tif')));
  await old.saying(/worker worker-0 joined/);
  await young.saying(/worker worker-1 joined/);
  const own = (version: string, other: string) =>
    new RegExp(`the worker is release ${version.replaceAll('.', '\\.')}.*${other.replaceAll('.', '\\.')}`);
  await workers[0]!.saying(own(manifest.version, NEXT));
  await workers[1]!.saying(own(NEXT, manifest.version));
  // The old release is empty and goes; the worker of the new one goes on.
  old.child.kill('SIGTERM');
  workers[0]!.child.kill('SIGTERM');
  assert.deepEqual(await Promise.all([old.ended, workers[0]!.ended]), [0, 0]);
  assert.equal(workers[1]!.child.exitCode, null);
});
