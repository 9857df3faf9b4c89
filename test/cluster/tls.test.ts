import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { JobsClient } from '../../cli/client.js';
import { TestCluster } from './harness.js';
import { blurSpec } from './scene-files.js';

const haveOpenssl = spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0;

/** An authority and certificates that it signed, as PEM texts. */
function makeCertificates(directory: string) {
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=test authority');
  const signed = (name: string) => {
    const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key')];
    const names = [
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-addext',
      'basicConstraints=CA:FALSE',
    ];
    openssl('req', '-x509', ...key, ...signer, '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), ...names);
    return { cert: readFileSync(at(`${name}.pem`), 'utf8'), key: readFileSync(at(`${name}.key`), 'utf8') };
  };
  return { ca: readFileSync(at('ca.pem'), 'utf8'), server: signed('server'), client: signed('client') };
}

test('mutual TLS: a certificate of the authority gets in, none and a plain connection do not', {
  skip: !haveOpenssl && 'openssl is not installed',
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'halotile-tls-'));
  const { ca, server, client } = makeCertificates(directory);
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
