import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether certificates can be made here. */
export const haveOpenssl = spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0;

/** An authority and certificates that it signed, as PEM texts. */
export function makeCertificates(directory: string, clients: readonly string[] = ['client']) {
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
  return { ca: readFileSync(at('ca.pem'), 'utf8'), server: signed('server'), clients: clients.map(signed) };
}
