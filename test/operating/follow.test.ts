import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { signatureOf } from '../../coordinator/follow/send-webhook.js';
import { connectRedis, RedisQueue } from '../../coordinator/queue/redis/index.js';
import { writeJobSpec } from '../../proto/convert/job-spec.js';
import { halotile as messages } from '../../proto/gen/messages.js';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec } from '../cluster/scene-files.js';
import { NO_REDIS, RedisServer } from '../support/redis-server.js';
import { halotile } from '../support/run-halotile.js';

const SECRET = 'a secret of twenty-nine bytes';
const { DeliveryState } = messages.v1;

interface Told {
  readonly id: string;
  readonly event: string;
  readonly job: { readonly id: string; readonly state: string; readonly output: string; readonly failure?: object };
}

/** A receiver of webhooks that refuses each delivery as often as it is told. */
async function receiver(refusals: number) {
  const told: Told[] = [];
  const tries = new Map<string, number>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const header = (name: string) => String(request.headers[name]);
      const timestamp = Number(header('x-halotile-timestamp'));
      assert.equal(header('x-halotile-signature'), signatureOf(SECRET, { timestamp, body }));
      const id = header('x-halotile-delivery');
      tries.set(id, (tries.get(id) ?? 0) + 1);
      if (tries.get(id)! <= refusals) response.writeHead(503).end();
      else {
        const { event, job } = JSON.parse(body) as Told;
        told.push({ id, event, job });
        response.writeHead(204).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return { url, told, tries, close: () => server.close() };
}

async function checkFollowing(cluster: TestCluster): Promise<void> {
  const hook = await receiver(0);
  const { client } = cluster;
  const until = async (condition: () => boolean | Promise<boolean>) => {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  try {
    await cluster.worker({ roots: true });
    const named = (name: string) => `root:data/${name}`;
    const webhooks = [{ url: hook.url, secret: SECRET }];
    const step = (image: string, out: string) =>
      writeJobSpec(blurSpec(named, named(out), { image, tile: 512, overviews: false }));
    const followUps = [
      { name: 'second', spec: step('{output}', 'second.tif') },
      { name: 'third', after: ['second'], spec: step('{output:second}', 'third.tif') },
      { name: 'never', after: ['third'], spec: step('{output:third}', 'no/such/folder/x.tif') },
    ];
    const first = await client.submit(blurSpec(named, named('first.tif'), { tile: 512 }), { followUps, webhooks });
    await until(async () => {
      const { followUps: states } = await client.get(first.id!);
      return states?.every(({ jobId, note }) => jobId !== '' || note !== '') === true;
    });
    const shown = await client.get(first.id!);
    const [second, third, never] = shown.followUps!;
    assert.match(never!.note!, /root:data\/no\/such\/folder\/x.tif.*does not exist/);
    assert.ok(!never!.note!.includes(cluster.root));
    for await (const _event of client.watch(third!.jobId!));
    assert.equal((await client.get(third!.jobId!)).spec?.image, 'root:data/second.tif');
    for (const name of ['first', 'second', 'third']) assert.ok(existsSync(join(cluster.root, `${name}.tif`)));
    // Each end is told once, signed, of the jobs that followed too.
    await until(() => hook.told.length >= 3);
    assert.deepEqual(new Set(hook.told.map(({ job }) => job.id)), new Set([first.id, second!.jobId, third!.jobId]));
    assert.ok(hook.told.every(({ event, job }) => event === 'job.succeeded' && job.output.startsWith('root:data/')));
    await until(
      async () => (await client.get(first.id!)).deliveries?.[0]?.state === DeliveryState.DELIVERY_STATE_DELIVERED,
    );
    assert.deepEqual([...hook.tries.values()], [1, 1, 1]);

    // Nothing follows a failure; the failure is told. Tried again, it is told again.
    writeFileSync(join(cluster.root, 'damaged.tif'), 'no image');
    const bad = { ...blurSpec(named, named('bad.tif')), image: named('damaged.tif') };
    const failing = await client.submit(bad, { followUps: followUps.slice(0, 1), webhooks });
    await until(() =>
      hook.told.some(({ event, job }) => event === 'job.failed' && job.id === failing.id && job.failure !== undefined),
    );
    assert.equal((await client.get(failing.id!)).followUps?.[0]?.jobId, '');
    await client.retry(failing.id!);
    await until(() => hook.told.filter(({ job }) => job.id === failing.id).length === 2);

    await assert.rejects(client.submit(bad, { followUps: [{ name: 'a', after: ['a'], spec: step('x', 'y') }] }), {
      tag: 'bad-usage',
      message: /circle/,
    });
    assert.ok(!JSON.stringify(await client.get(first.id!)).includes(SECRET));
    await client.delete(failing.id!);
  } finally {
    hook.close();
  }
}

test('embedded: jobs follow jobs with their outputs, and ends are told to webhooks', async () => {
  const cluster = await TestCluster.start();
  try {
    await checkFollowing(cluster);
    assert.ok(!readdirSync(join(cluster.directory, 'state/follow')).some((name) => name.endsWith('.turn')));
  } finally {
    await cluster.close();
  }
});

test('redis: the same', { skip: NO_REDIS }, async () => {
  const redis = await RedisServer.start();
  const directory = mkdtempSync(join(tmpdir(), 'halotile-follow-'));
  const log = () => {};
  const clients = await connectRedis({ urls: [redis.url], kind: 'server', prefix: '{f}' }, log);
  const queue = await RedisQueue.open({
    ...{ clients, prefix: '{f}', directory, nowMs: () => Date.now(), retentionMs: 1e12, log },
  });
  const cluster = await TestCluster.start({}, { queue });
  try {
    await checkFollowing(cluster);
  } finally {
    await cluster.close();
    await redis.close();
    rmSync(directory, { recursive: true });
  }
});

test('from the shell: a file with `then`, a webhook with its secret, and show', async () => {
  const cluster = await TestCluster.start();
  const hook = await receiver(0);
  try {
    await cluster.worker({ roots: true });
    const folder = join(cluster.directory, 'jobs');
    mkdirSync(folder);
    const [file, secret] = [join(folder, 'job.yaml'), join(folder, 'secret')];
    writeFileSync(secret, `${SECRET}\n`);
    const job = 'map: root:data/map.tif\noperations: [{ name: box }]';
    const lines = (text: string) => text.split('\n').map((line) => `    ${line}`);
    writeFileSync(
      file,
      [
        ...['image: root:data/deflate.tif', 'output: root:data/a.tif', job, 'then:'],
        ...['  - name: again', '    image: "{output}"', '    output: root:data/b.tif', ...lines(job)],
      ].join('\n'),
    );
    const at = ['--coordinator', cluster.address];
    const none = await halotile('submit', file, ...at, '--webhook', hook.url);
    assert.deepEqual([none.code, /has no secret/.test(none.stderr)], [2, true], none.stderr);
    const { stdout, stderr } = await halotile(
      'submit',
      file,
      ...at,
      '--webhook',
      hook.url,
      '--webhook-secret-file',
      secret,
    );
    assert.equal(stderr, '');
    await cluster.until(() => hook.told.length === 2);
    const shown = await halotile('show', stdout.trim(), ...at);
    assert.match(shown.stdout, /\nthen again {2}[0-9a-f-]{36}\nwebhook http:\S+ {2}\w+, \d tries/);
    assert.equal(
      JSON.parse((await halotile('show', stdout.trim(), ...at, '--json')).stdout).followUps[0].name,
      'again',
    );
    assert.match((await halotile('plan', file)).stderr, /then/);
  } finally {
    hook.close();
    await cluster.close();
  }
});
