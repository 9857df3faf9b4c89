import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import { halotile } from '../../proto/gen/messages.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { halotile as command } from '../support/run-halotile.js';
import { serve } from '../support/serve-process.js';
import { buildTiff, DATA_OFFSET } from '../unit/tiff-builder.js';

const { JobState } = halotile.v1;
const SIDE = 30_000;

/** A file of `SIDE`² zeros that takes no room on the disk; a plan by a float32 map reads it all first. */
function writeZeros(path: string, bytes: 1 | 4): void {
  const short = (tag: number, value: number) => ({ tag, type: 3 as const, values: [value] });
  const long = (tag: number, value: number) => ({ tag, type: 4 as const, values: [value] });
  const tags = [
    ...[short(256, SIDE), short(257, SIDE), short(258, 8 * bytes), short(259, 1), short(262, 1)],
    ...[long(273, 1 << 16), short(277, 1), short(278, SIDE), long(279, SIDE * SIDE * bytes)],
    short(339, bytes === 4 ? 3 : 1),
  ];
  assert.ok(DATA_OFFSET < 1 << 16);
  writeFileSync(path, buildTiff(tags));
  truncateSync(path, (1 << 16) + SIDE * SIDE * bytes);
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** Waits until the coordinator has taken the job. */
async function taken(client: JobsClient, id: string): Promise<void> {
  for await (const { state } of client.watch(id)) if (state !== JobState.JOB_STATE_QUEUED) return;
}

test('a job that was being planned when the coordinator died twice is set aside until an admin releases it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'halotile-quarantine-'));
  mkdirSync(join(directory, 'data'));
  writeZeros(join(directory, 'data/image.tif'), 1);
  writeZeros(join(directory, 'data/map.tif'), 4);
  const tokens = join(directory, 'tokens.yaml');
  const entries = [
    { token: 'client-token-0001', principal: 'somebody', role: 'client' },
    { token: 'admin-token-00001', principal: 'root', role: 'admin' },
  ];
  writeFileSync(tokens, JSON.stringify(entries), { mode: 0o600 });
  const options = ['--tokens', tokens];
  let coordinator = await serve(directory, 0, options);
  const { port } = coordinator;
  const address = `127.0.0.1:${port}`;
  const client = new JobsClient({ address, token: entries[0]!.token });
  const admin = new JobsClient({ address, token: entries[1]!.token });
  try {
    const spec = jobSpecSchema.parse({
      ...{ image: 'root:data/image.tif', map: 'root:data/map.tif', output: 'root:data/out.tif' },
      operations: [{ name: 'box' }],
    });
    const { id } = await client.submit(spec);
    for (let death = 1; death <= 2; death++) {
      await taken(client, id!);
      await killed(coordinator.process);
      // What a call or a probe leaves whose coordinator is killed; the probe of long ago.
      const scratch = join(directory, 'state/scratch/plan-of-the-dead');
      const probe = join(directory, 'data/.halotile-probe-of-the-dead');
      mkdirSync(scratch, { recursive: true });
      writeFileSync(probe, 'probe');
      utimesSync(probe, 0, 0);
      coordinator = await serve(directory, port, options);
      for (const left of [scratch, probe]) assert.ok(!existsSync(left), left);
    }
    const job = await client.get(id!);
    assert.equal(job.state, JobState.JOB_STATE_QUARANTINED);
    assert.match(job.failure?.what ?? '', /died 2 times while it planned this job/);
    const listed = await command(
      'jobs',
      '--coordinator',
      address,
      '--token-file',
      tokenFile(directory, entries[0]!.token),
    );
    assert.match(listed.stdout, new RegExp(`${id} +quarantined .*died 2 times`));
    await assert.rejects(client.release(id!), { tag: 'not-allowed' });
    const releasing = ['release', id!, '--coordinator', address, '--token-file'];
    assert.equal((await command(...releasing, tokenFile(directory, entries[1]!.token))).code, 0);
    await taken(client, id!);
    // A release counts anew: one more death leaves the job in the queue.
    await killed(coordinator.process);
    coordinator = await serve(directory, port, options);
    await taken(client, id!);
    assert.equal((await client.get(id!)).state, JobState.JOB_STATE_RUNNING);
    await client.cancel(id!);
  } finally {
    client.close();
    admin.close();
    await killed(coordinator.process);
    rmSync(directory, { recursive: true });
  }
});

function tokenFile(directory: string, token: string): string {
  const path = join(directory, token);
  writeFileSync(path, token, { mode: 0o600 });
  return path;
}
