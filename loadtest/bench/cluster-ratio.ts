// Row 5: the same job on threads of this process, on two worker processes by reference, and inline, compressed in
// and out, in turns in one run: node dist/loadtest/bench/cluster-ratio.js [SIDE]
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobsClient, resultOf } from '../../cli/client.js';
import { makeDemoScene } from '../../cli/demo/scene.js';
import { runLocally } from '../../cli/local-run.js';
import type { halotile } from '../../proto/gen/messages.js';
import { type JobSpec, jobSpecSchema } from '../../tiling/job/job-spec.js';

const side = Number(process.argv[2] ?? 6000);
const ROUNDS = 3;
const WORKERS = 2;
const command = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'halotile-row5-'));
const root = join(directory, 'data');
mkdirSync(root);
const machine = { threads: WORKERS, memoryBytes: 512 << 20 };
const children: ChildProcess[] = [];

/** Starts the command and returns when what it prints matches. */
function start(args: readonly string[], ready: RegExp): Promise<string> {
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        const match = ready.exec(text);
        if (match !== null) resolve(match[1] ?? '');
      });
    }
  });
}

async function cluster(
  byReference: boolean,
): Promise<{ address: string; run: (spec: JobSpec) => Promise<halotile.v1.IJobResult> }> {
  const state = join(directory, byReference ? 'state-reference' : 'state-inline');
  const port = await start(
    ['serve', '--listen', '127.0.0.1:0', '--state', state, '--root', `data=${root}`],
    /listens on .*:(\d+)/,
  );
  const address = `127.0.0.1:${port}`;
  const shared = byReference ? ['--root', `data=${root}`] : [];
  for (let i = 0; i < WORKERS; i++) {
    await start(['worker', '--coordinator', address, '--threads', byReference ? '1' : '2', ...shared], /works for ()/);
  }
  const client = new JobsClient({ address });
  return {
    address,
    async run(spec) {
      const job = await client.submit(spec);
      let last: halotile.v1.WatchJobResponse | undefined;
      for await (last of client.watch(job.id!));
      return resultOf(last!);
    },
  };
}

const scene = await makeDemoScene({ directory: root, size: { width: side, height: side }, seed: 1, threads: WORKERS });
const spec = (place: string, image: string, output: string) =>
  jobSpecSchema.parse({
    ...{ image: `${place}${image}`, map: `${place}${scene.map.split('/').at(-1)}`, output: `${place}${output}` },
    operations: [{ name: 'box' }],
  });
// The input is compressed too.
await runLocally(
  jobSpecSchema.parse({
    ...{ image: scene.image, output: join(root, 'deflate.tif'), overviews: false },
    operations: [{ name: 'box', params: { radius: 0 } }],
  }),
  { machine },
);
const reference = await cluster(true);
const inline = await cluster(false);
const seconds: Record<'local' | 'reference' | 'inline', number[]> = { local: [], reference: [], inline: [] };
for (let round = 0; round < ROUNDS; round++) {
  const local = await runLocally(spec(`${root}/`, 'deflate.tif', 'local.tif'), { machine });
  seconds.local.push(local.seconds.total);
  seconds.reference.push((await reference.run(spec('root:data/', 'deflate.tif', 'reference.tif'))).wallSeconds ?? 0);
  seconds.inline.push((await inline.run(spec('root:data/', 'deflate.tif', 'inline.tif'))).wallSeconds ?? 0);
}
const best = (list: readonly number[]) => Math.min(...list);
const same = ['reference.tif', 'inline.tif'].every((name) =>
  readFileSync(join(root, name)).equals(readFileSync(join(root, 'local.tif'))),
);
console.log(
  JSON.stringify({
    side,
    localSeconds: best(seconds.local),
    referenceRatio: best(seconds.reference) / best(seconds.local),
    inlineRatio: best(seconds.inline) / best(seconds.local),
    sameBytes: same,
  }),
);
for (const child of children) child.kill();
rmSync(directory, { recursive: true });
process.exit(same ? 0 : 1);
