import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import { CoordinatorClient } from '../../proto/client/calls.js';
import { writeJobSpec } from '../../proto/convert/job-spec.js';
import { Jobs, Workers } from '../../proto/gen/services.js';
import { haveOpenssl, makeCertificates } from '../support/certificates.js';
import { serve } from '../support/serve-process.js';
import { TestCluster } from './harness.js';
import { blurSpec, makeScene } from './scene-files.js';

test('mutual TLS: a certificate of the authority gets in, none and a plain connection do not', {
  skip: !haveOpenssl && 'openssl is not installed',
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'halotile-tls-'));
  const { ca, server, clients } = makeCertificates(directory);
  const client = clients[0]!;
  const cluster = await TestCluster.start({}, { tls: { ...server, clientCa: ca } });
  const known = new JobsClient({ address: cluster.address, tls: { ca, ...client } });
  const unknown = new JobsClient({ address: cluster.address, tls: { ca } });
  try {
    const spec = blurSpec((name) => `root:data/${name}`, 'root:data/out.tif');
    assert.equal((await known.plan(spec)).width, 1400);
    await assert.rejects(unknown.plan(spec), { tag: 'unreachable' });
    await assert.rejects(cluster.client.plan(spec), { tag: 'unreachable' });
  } finally {
    known.close();
    unknown.close();
    await cluster.close();
    rmSync(directory, { recursive: true });
  }
});

test('a certificate is a client of its name, unless an entry says more', {
  skip: !haveOpenssl && 'openssl is not installed',
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'halotile-tls-'));
  const { ca, server, clients } = makeCertificates(directory, ['mallory', 'boss', 'render-node']);
  const certificates = [
    { name: 'boss', principal: 'root', role: 'admin' },
    { name: 'render-node', role: 'worker' },
  ] as const;
  const cluster = await TestCluster.start({}, { tls: { ...server, clientCa: ca }, certificates });
  const open = (certificate: (typeof clients)[number]) =>
    new CoordinatorClient({ address: cluster.address, tls: { ca, ...certificate } });
  const [mallory, boss, node] = clients.map(open) as [CoordinatorClient, CoordinatorClient, CoordinatorClient];
  const spec = writeJobSpec(blurSpec((name) => `root:data/${name}`, 'root:data/out.tif'));
  try {
    const theirs = (await boss.unary(Jobs.submitJob, { requestId: 'a', spec, priority: 100 })).job!;
    assert.equal(theirs.principal, 'root');
    await assert.rejects(mallory.unary(Jobs.submitJob, { requestId: 'b', spec, priority: 100 }), {
      message: /above 0 for admins/,
    });
    const mine = (await mallory.unary(Jobs.submitJob, { requestId: 'b', spec })).job!;
    assert.equal(mine.principal, 'mallory');
    assert.deepEqual(
      (await mallory.unary(Jobs.listJobs, {})).jobs.map(({ id }) => id),
      [mine.id],
    );
    await assert.rejects(mallory.unary(Jobs.cancelJob, { id: theirs.id }), { tag: 'not-found' });
    await assert.rejects(mallory.unary(Jobs.releaseJob, { id: mine.id }), { tag: 'not-allowed' });
    const attaching = mallory.duplex(Workers.attach);
    await assert.rejects(
      (async () => {
        for await (const _ of attaching);
      })(),
      /role client may not call/,
    );
    await assert.rejects(node.unary(Jobs.listJobs, {}), { tag: 'not-allowed' });
    for (const { id } of [mine, theirs]) await boss.unary(Jobs.cancelJob, { id });
    const audit = cluster.log.filter((line) => line.startsWith('audit: '));
    for (const said of [
      /login of "mallory", role client, from 127\.0\.0\.1:\d+/,
      /login of "root", role admin/,
      /refused "mallory", role client, from 127\.0\.0\.1:\d+, \/halotile\.v1\.Workers\/Attach: "role client may not/,
      /refused "mallory".*ReleaseJob: "[^"]*only an admin/,
      /refused "render-node", role worker.*ListJobs/,
      new RegExp(`CancelJob "${mine.id}" by "root" from 127`),
    ]) {
      assert.ok(
        audit.some((line) => said.test(line)),
        `${said}\n${audit.join('\n')}`,
      );
    }
  } finally {
    for (const client of [mallory, boss, node]) client.close();
    await cluster.close();
    rmSync(directory, { recursive: true });
  }
});

test('tokens and certificates are read again when their files change; those left out lose the calls they have open', {
  skip: !haveOpenssl && 'openssl is not installed',
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'halotile-tls-'));
  const at = (name: string) => join(directory, name);
  await makeScene(at('data'));
  const first = makeCertificates(directory, []);
  writeFileSync(at('cert.pem'), first.server.cert);
  writeFileSync(at('key.pem'), first.server.key, { mode: 0o600 });
  const entryOf = (name: string, role = 'client') => ({ token: `token-of-${name}-0123`, principal: name, role });
  const writeTokens = (...names: string[]) =>
    writeFileSync(at('tokens.json'), JSON.stringify([entryOf('boss', 'admin'), ...names.map((name) => entryOf(name))]));
  writeTokens('early');
  const options = ['--tokens', at('tokens.json'), '--tls-cert', at('cert.pem'), '--tls-key', at('key.pem')];
  const coordinator = await serve(directory, 0, options);
  const address = `127.0.0.1:${coordinator.port}`;
  const open = (name: string, ca: string) => new JobsClient({ address, tls: { ca }, token: entryOf(name).token });
  const early = open('early', first.ca);
  const clients = [early];
  /** Tries until it gets in, which it does once the files are read. */
  const arrives = async (name: string, ca: string) => {
    for (;;) {
      const client = open(name, ca);
      clients.push(client);
      try {
        for await (const _ of client.list());
        return;
      } catch (error) {
        assert.equal(
          (error as { tag?: string }).tag === 'not-allowed' || (error as { tag?: string }).tag === 'unreachable',
          true,
        );
      }
    }
  };
  try {
    assert.match(coordinator.log(), /tokens\.json: every user of this machine can read or change it.*chmod 600/);
    assert.doesNotMatch(coordinator.log(), /key\.pem: every user/);
    chmodSync(at('tokens.json'), 0o600);
    const job = await early.submit(blurSpec((name) => `root:data/${name}`, 'root:data/out.tif'));
    const watching = (async () => {
      for await (const _ of early.watch(job.id!));
    })();
    watching.catch(() => {});
    // What cannot be read changes nothing.
    writeFileSync(at('tokens.json'), '[{');
    coordinator.process.kill('SIGHUP');
    while (!/what was read before stays/.test(coordinator.log()))
      await new Promise((resolve) => setTimeout(resolve, 5));
    await arrives('early', first.ca);
    writeTokens('late');
    await arrives('late', first.ca);
    await assert.rejects(watching, { tag: 'not-allowed' });
    await assert.rejects(early.get(job.id!), { tag: 'not-allowed' });
    // Another authority's certificate in place of the first one's.
    const second = makeCertificates(directory, []);
    writeFileSync(at('cert.pem'), second.server.cert);
    writeFileSync(at('key.pem'), second.server.key);
    coordinator.process.kill('SIGHUP');
    await arrives('late', second.ca);
  } finally {
    for (const client of clients) client.close();
    const gone = new Promise((resolve) => coordinator.process.once('exit', resolve));
    coordinator.process.kill('SIGKILL');
    await gone;
    rmSync(directory, { recursive: true });
  }
});
