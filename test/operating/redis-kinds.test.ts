import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { connectRedis, type RedisEndpoint, RedisQueue } from '../../coordinator/queue/redis/index.js';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import { haveOpenssl, makeCertificates } from '../support/certificates.js';
import { freePort, NO_REDIS, RedisServer } from '../support/redis-server.js';
import { serve } from '../support/serve-process.js';
import { submission } from '../support/test-queues.js';

// The ways to a Redis beside a plain server: TLS with an access list, Sentinels, a Cluster.
const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'halotile-redis-kinds-'));
after(() => rmSync(folder, { recursive: true }));

/** What a queue may do there, and nothing else. */
const RIGHTS = ['~{halotile}:*', '&{halotile}:*', '+@all', '-@admin', '-@dangerous', '+info'];

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition().catch(() => false))) await pause(50);
}

/** Two queues as of two coordinators. */
async function openTwo(name: string, endpoint: Omit<RedisEndpoint, 'prefix'>): Promise<readonly RedisQueue[]> {
  const open = async () => {
    const log = () => {};
    const clients = await connectRedis({ ...endpoint, prefix: '{halotile}' }, log);
    const times = { lockMs: 600, stalledMs: 200 };
    const directory = join(folder, name);
    return RedisQueue.open({
      clients,
      prefix: '{halotile}',
      directory,
      nowMs: Date.now,
      retentionMs: 1e12,
      times,
      log,
    });
  };
  return [await open(), await open()];
}

/** Jobs come in at one, run at the other, are told of at both and are gone at both. */
async function checkQueues([first, second]: readonly RedisQueue[], name: string): Promise<void> {
  const heard = new Promise<string>((resolve) =>
    second!.relay.listen(
      ({ id }) => resolve(id),
      () => {},
    ),
  );
  const { job } = await first!.submit(submission(`${name} 1`));
  const other = (await first!.submit(submission(`${name} 2`, { priority: 5 }))).job;
  first!.relay.tell({
    ...{ id: job.id, over: false },
    event: { sequence: 1, change: 'queue', state: 'starting', note: '' },
  });
  assert.equal(await heard, job.id);
  const claim = (await second!.claim(never))!;
  assert.equal(claim.job.id, other.id);
  await second!.planned(claim);
  await first!.requestCancel(other.id);
  await until(async () => claim.stop.aborted);
  await second!.finish(claim, { state: 'cancelled' });
  assert.equal((await first!.requestCancel(job.id))!.state, 'cancelled');
  for (const queue of [first!, second!]) {
    const { jobs } = await queue.list({ pageSize: 10 });
    assert.deepEqual(
      jobs.map(({ id, state }) => [id, state]),
      [
        [other.id, 'cancelled'],
        [job.id, 'cancelled'],
      ],
    );
  }
  for (const { id } of [job, other]) assert.equal((await first!.remove(id))!.state, 'cancelled');
  assert.deepEqual((await second!.list({ pageSize: 10 })).jobs, []);
}

test('TLS and an access list: a user with the rights of one prefix is enough, as `serve` has them too', {
  skip: NO_REDIS || (!haveOpenssl && 'openssl is not installed'),
}, async () => {
  const { ca } = makeCertificates(folder);
  const port = await freePort();
  const at = (name: string) => join(folder, name);
  const files = ['--tls-cert-file', at('server.pem'), '--tls-key-file', at('server.key')];
  const tls = ['--port', '0', '--tls-port', `${port}`, ...files, '--tls-ca-cert-file', at('ca.pem')];
  // An access list comes from a file: on the command line its marks are options.
  const users = ['user default off', `user worker on >secret ${RIGHTS.join(' ')}`, ''].join('\n');
  writeFileSync(at('users.acl'), users);
  writeFileSync(at('password'), 'secret\n');
  const redis = await RedisServer.start([...tls, '--tls-auth-clients', 'no', '--aclfile', at('users.acl')]);
  const urls = [`rediss://127.0.0.1:${port}`];
  try {
    const endpoint = { urls, kind: 'server', username: 'worker', password: 'secret', tls: { ca } } as const;
    const queues = await openTwo('tls', endpoint);
    await checkQueues(queues, 'tls');
    for (const queue of queues) await queue.close();
    mkdirSync(at('data'));
    const access = ['--redis-user', 'worker', '--redis-password-file', at('password'), '--redis-tls-ca', at('ca.pem')];
    const { process: coordinator, port: listening } = await serve(folder, 0, ['--redis', urls[0]!, ...access]);
    const client = new JobsClient({ address: `127.0.0.1:${listening}` });
    for await (const _job of client.list()) assert.fail('no job is left');
    client.close();
    coordinator.kill('SIGTERM');
    await once(coordinator, 'exit');
    await assert.rejects(
      serve(folder, 0, ['--redis', urls[0]!, '--redis-tls-ca', at('ca.pem')]),
      /no Redis can be used/,
    );
  } finally {
    await redis.close();
  }
});

test('Sentinels: when the server dies the queue goes on with the one that they choose', {
  skip: NO_REDIS,
}, async () => {
  const [main, replica] = [await RedisServer.start(), await RedisServer.start()];
  const sentinels: ChildProcess[] = [];
  try {
    const second = new Redis(replica.url);
    await second.replicaof('127.0.0.1', main.port);
    await until(async () => /master_link_status:up/.test(await second.info('replication')));
    const urls: string[] = [];
    for (let number = 0; number < 3; number++) {
      const port = await freePort();
      urls.push(`redis://127.0.0.1:${port}`);
      const file = join(folder, `sentinel-${number}.conf`);
      const lines = [
        `port ${port}`,
        `dir ${folder}`,
        `sentinel monitor jobs 127.0.0.1 ${main.port} 2`,
        'sentinel down-after-milliseconds jobs 1000',
        'sentinel failover-timeout jobs 3000',
      ];
      writeFileSync(file, `${lines.join('\n')}\n`);
      sentinels.push(spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' }));
    }
    const asked = new Redis(urls[0]!, { retryStrategy: () => 100 });
    asked.on('error', () => {});
    // They find each other, and the replica, by the server.
    await until(async () => {
      const [known] = (await asked.call('SENTINEL', 'MASTERS')) as string[][];
      const of = (name: string) => known![known!.indexOf(name) + 1];
      return of('num-other-sentinels') === '2' && of('num-slaves') === '1';
    });
    asked.disconnect();
    const queues = await openTwo('sentinel', { urls, kind: 'sentinel', sentinelMaster: 'jobs' });
    const { job } = await queues[0]!.submit(submission('before'));
    await main.kill();
    await until(async () => (await queues[0]!.get(job.id))?.state === 'queued');
    assert.match(await second.info('replication'), /role:master/);
    second.disconnect();
    const claim = (await queues[1]!.claim(never))!;
    assert.equal(claim.job.id, job.id);
    await queues[1]!.finish(claim, { state: 'cancelled' });
    await queues[0]!.remove(job.id);
    await checkQueues(queues, 'sentinel');
    for (const queue of queues) await queue.close();
  } finally {
    for (const sentinel of sentinels) sentinel.kill('SIGKILL');
    await main.close();
    await replica.close();
  }
});

test('a Cluster: braces keep the keys of a queue on one node', { skip: NO_REDIS }, async () => {
  const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
  const nodes = await Promise.all([0, 1, 2].map(() => RedisServer.start(options)));
  try {
    const clients = nodes.map(({ url }) => new Redis(url));
    const shares = ['0 5460', '5461 10922', '10923 16383'];
    for (const [index, client] of clients.entries()) {
      await client.call('CLUSTER', 'ADDSLOTSRANGE', ...shares[index]!.split(' '));
      await client.call('CLUSTER', 'MEET', '127.0.0.1', nodes[0]!.port);
    }
    for (const client of clients)
      await until(async () => /state:ok/.test(String(await client.call('CLUSTER', 'INFO'))));
    const queues = await openTwo('cluster', { urls: nodes.map(({ url }) => url), kind: 'cluster' });
    const { job } = await queues[0]!.submit(submission('one'));
    const keys = await Promise.all(clients.map((client) => client.dbsize()));
    assert.equal(keys.filter((count) => count > 0).length, 1, `keys on the nodes: ${keys}`);
    assert.equal((await queues[0]!.requestCancel(job.id))!.state, 'cancelled');
    await queues[0]!.remove(job.id);
    await checkQueues(queues, 'cluster');
    for (const queue of queues) await queue.close();
    for (const client of clients) client.disconnect();
  } finally {
    for (const node of nodes) await node.close();
  }
});
