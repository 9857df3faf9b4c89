import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { accessWarnings, readAccess } from '../../cli/serve-access.js';
import { Access } from '../../coordinator/api/access.js';
import { Audit } from '../../coordinator/api/audit.js';
import { accessSchema } from '../../coordinator/index.js';
import { scratchFolder } from '../support/scratch-folder.js';

const token = 'token-of-16-chars';
const entry = { token, principal: 'somebody', role: 'client' } as const;

test('a token stands for its principal until it expires', () => {
  const access = new Access({ tokens: [{ ...entry, expires: '2027-01-01T00:00:00Z' }], mutual: false });
  const expires = Date.parse('2027-01-01T00:00:00Z');
  assert.equal((access.identify({ token }, expires - 1) as { principal: string }).principal, 'somebody');
  assert.match(access.identify({ token }, expires) as string, /expired at 2027/);
  for (const wrong of ['', 'another-token-of-16']) {
    assert.match(access.identify({ token: wrong }, 0) as string, /no valid bearer token/);
  }
  access.renew({ tokens: [{ ...entry, token: 'another-token-of-16' }], mutual: false });
  assert.equal(typeof access.identify({ token }, 0), 'string');
});

test('everybody gets in only where there are neither tokens nor certificates', () => {
  assert.deepEqual(new Access({ mutual: false }).identify({ token: '' }, 0), { principal: 'anybody', role: 'admin' });
  const certificates = [{ name: 'a', role: 'admin' }] as const;
  for (const rules of [{ tokens: [entry], mutual: false }, { certificates, mutual: false }, { mutual: true }]) {
    assert.equal(typeof new Access(rules).identify({ token: '' }, 0), 'string');
  }
});

test('a tokens file is refused where something stands twice, is missing or is unknown', () => {
  assert.deepEqual(accessSchema.parse([entry]), { tokens: [entry], certificates: [] });
  assert.deepEqual(accessSchema.parse({ certificates: [{ name: 'a' }] }), {
    tokens: [],
    certificates: [{ name: 'a', role: 'client' }],
  });
  const wrong: [unknown, RegExp][] = [
    [[entry, { ...entry, principal: 'other' }], /the same token as entry 0/],
    [{ certificates: [{ name: 'a' }, { name: 'a', role: 'admin' }] }, /the same name as entry 0/],
    [{}, /no entries/],
    [[], /./],
    [[{ ...entry, token: 'short' }], /./],
    [{ tokens: [entry], others: [] }, /./],
  ];
  for (const [value, message] of wrong) {
    const parsed = accessSchema.safeParse(value);
    assert.ok(!parsed.success);
    assert.match(parsed.error.issues[0]!.message, message);
  }
});

test('the audit is bounded and of one line each, whatever clients do', () => {
  const lines: string[] = [];
  let now = 0;
  const audit = new Audit(
    (line) => lines.push(line),
    () => now,
  );
  for (let i = 0; i < 10_000; i++) audit.refused('/a/B', { peer: `10.0.0.${i % 200}:1`, why: 'no\nvalid token' });
  assert.equal(lines.length, 20);
  now = 60_000;
  audit.refused('/a/B', { peer: '10.0.0.1:1', why: 'x'.repeat(10_000) });
  assert.match(lines[20]!, /9980 more lines/);
  assert.equal(lines.length, 22);
  const caller = { principal: 'some\nbody', role: 'client' } as const;
  for (let i = 0; i < 100; i++) audit.login(caller, '10.0.0.1:1');
  audit.did('/halotile.v1.Jobs/CancelJob', { caller, peer: '10.0.0.1:2', subject: 'job-1' });
  assert.match(lines[22]!, /^audit: login of "some\\nbody", role client, from 10\.0\.0\.1:1$/);
  assert.match(lines[23]!, /CancelJob "job-1" by "some\\nbody" from 10\.0\.0\.1:2$/);
  assert.equal(lines.length, 24);
  for (const line of lines) assert.ok(line.length < 500 && !line.includes('\n'));
});

test('what is open to more than it should be is said at the start', () => {
  const folder = scratchFolder();
  const tokens = join(folder, 'tokens.json');
  writeFileSync(tokens, JSON.stringify([entry]), { mode: 0o644 });
  const [read, ...others] = accessWarnings({ listen: '127.0.0.1:7070', tokens });
  assert.match(read ?? '', /tokens\.json: every user of this machine can read or change it; .*chmod 600/);
  assert.deepEqual(others, []);
  chmodSync(tokens, 0o600);
  for (const listen of ['127.0.0.1:7070', '[::1]:7070', 'localhost:7070']) {
    assert.deepEqual(accessWarnings({ listen, tokens }), [], listen);
  }
  const reached = accessWarnings({ listen: '0.0.0.0:7070', web: '10.0.0.7:8080', tokens });
  assert.equal(reached.length, 2);
  for (const each of reached) assert.match(each, /^--(listen|web) .*cross the network unencrypted; give --tls-cert/);
  const tls = { tlsCert: 'cert.pem', listen: '0.0.0.0:7070' };
  assert.deepEqual(accessWarnings({ ...tls, tokens }), []);
  assert.throws(() => readAccess({ listen: '0.0.0.0:7070' }), { tag: 'bad-usage', message: /anybody who reaches/ });
});
