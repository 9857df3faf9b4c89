import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ancestors,
  type Delivery,
  type Follow,
  graphFault,
  isOver,
  outputsNamed,
  readyNodes,
  tried,
  withOutputs,
} from '../../coordinator/follow/follow.js';
import { readFollow } from '../../coordinator/follow/read-follow.js';
import { isPrivateAddress, sendWebhook, signatureOf } from '../../coordinator/follow/send-webhook.js';

const node = (name: string, ...after: string[]) => ({ name, after, request: '' });

test('a graph of jobs has distinct names, known ones, no circle, and bounds', () => {
  assert.equal(graphFault([node('a'), node('b', 'a'), node('c', 'a', 'b')]), undefined);
  assert.match(graphFault([node('a', 'b'), node('b', 'a')])!, /circle/);
  assert.match(graphFault([node('a', 'a')])!, /circle/);
  assert.match(graphFault([node('a', 'x')])!, /'x', which is none/);
  assert.match(graphFault([node('a'), node('a')])!, /one name/);
  assert.match(graphFault([node('a b')])!, /the name 'a b'/);
  const chain = (length: number) => Array.from({ length }, (_, i) => node(`n${i}`, ...(i === 0 ? [] : [`n${i - 1}`])));
  assert.equal(graphFault(chain(8)), undefined);
  assert.match(graphFault(chain(9))!, /more than 8/);
  assert.match(graphFault(Array.from({ length: 33 }, (_, i) => node(`n${i}`)))!, /at most 32/);
  assert.deepEqual([...ancestors(chain(3), 'n2')].sort(), ['n0', 'n1']);
});

test('outputs stand in for their placeholders, in texts alone', () => {
  const message = { image: '{output}', list: ['{output:a}/x/{name}', 3], other: '{date}' };
  assert.deepEqual([...outputsNamed(message)], ['', 'a']);
  const outputs = new Map([
    ['', 'root:d/first.tif'],
    ['a', 'root:d/a'],
  ]);
  assert.deepEqual(withOutputs(message, outputs), {
    ...{ image: 'root:d/first.tif', list: ['root:d/a/x/{name}', 3], other: '{date}' },
  });
});

test('what a request asks to follow is refused by field before anything runs', () => {
  const spec = (image: string, output = 'root:d/o.tif') => ({ image, output, operations: [{ name: 'box' }] });
  const faults = (asked: Parameters<typeof readFollow>[0], output = 'root:d/first.tif') =>
    readFollow(asked, output).violations.map(({ field, description }) => `${field}: ${description}`);
  const secret = 'sixteen characters';
  assert.deepEqual(
    faults({
      followUps: [
        { name: 'a', spec: spec('{output}') },
        { after: ['a'], spec: spec('{output:a}') },
      ],
      webhooks: [{ url: 'https://example.com/x', secret }],
    }),
    [],
  );
  assert.match(
    faults({
      followUps: [
        { name: 'a', spec: spec('{output:b}') },
        { name: 'b', spec: spec('x') },
      ],
    })[0]!,
    /no job that comes before/,
  );
  assert.match(faults({ followUps: [{ spec: spec('{output}') }] }, 'download:o.tif')[0]!, /waits for its download/);
  assert.match(faults({ followUps: [{ name: 'a' }] })[0]!, /^follow_ups\[0\]: a job has one of/);
  assert.match(faults({ followUps: [{ spec: { ...spec('a'), operations: [] } }] })[0]!, /^follow_ups\[0\]\./);
  for (const url of ['ftp://x', 'no', 'http://user:secret@host/']) {
    assert.match(faults({ webhooks: [{ url, secret }] })[0]!, /^webhooks\[0\]\.url/);
  }
  assert.match(faults({ webhooks: [{ url: 'http://x', secret: 'short' }] })[0]!, /secret: 16 to/);
});

test('jobs become ready when all before them have succeeded, and a delivery is tried with growing waits', () => {
  const follow: Follow = {
    ...{ jobId: 'j', principal: 'p', webhooks: [], deliveries: [] },
    nodes: [node('a'), node('b', 'a'), { ...node('c'), jobId: 'x' }],
  };
  const ready = (...done: string[]) => readyNodes(follow, (name) => done.includes(name)).map(({ name }) => name);
  assert.deepEqual([ready(), ready('a')], [['a'], ['a', 'b']]);
  let delivery: Delivery = { hook: 0, endedMs: 1, tries: 0, state: 'waiting', nextMs: 0, note: '' };
  const waits: number[] = [];
  while (delivery.state === 'waiting') {
    delivery = tried(delivery, { outcome: 'failed', note: 'HTTP 500', nowMs: 0 });
    waits.push(delivery.nextMs);
  }
  assert.deepEqual(
    [delivery.state, delivery.tries, waits[0], waits[1], Math.max(...waits)],
    ['given-up', 12, 10_000, 20_000, 3600_000],
  );
  assert.equal(
    tried({ ...delivery, tries: 0, state: 'waiting' }, { outcome: 'refused', note: '', nowMs: 0 }).state,
    'given-up',
  );
  const over = {
    ...follow,
    nodes: [{ ...node('a'), failure: { tag: 'bad-input' as const, detail: { what: 'no' } } }],
    deliveries: [delivery],
  };
  assert.deepEqual([isOver(over), isOver(follow)], [true, false]);
});

test('private addresses are known as such, however they are written, and are refused where only public ones may be told', async () => {
  for (const each of [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '0.0.0.0',
    '::1',
    '::',
    'fd00::1',
    'fe80::1',
    '::ffff:10.0.0.1',
  ]) {
    assert.ok(isPrivateAddress(each), each);
  }
  for (const each of ['93.184.216.34', '172.32.0.1', '2606:2800::1', '::ffff:93.184.216.34'])
    assert.ok(!isPrivateAddress(each), each);
  const message = { id: 'i', event: 'job.succeeded', body: '{}', timestamp: 1 };
  for (const host of ['127.0.0.1:1', '[::1]:1', 'localhost:1', '2130706433:1', '0x7f.1:1']) {
    const { outcome, note } = await sendWebhook({ url: `http://${host}/`, secret: 's' }, message, 'public');
    assert.notEqual(outcome, 'delivered');
    assert.match(note, /no public address/, host);
  }
  assert.equal((await sendWebhook({ url: 'http://127.0.0.1:1/', secret: 's' }, message, 'none')).outcome, 'refused');
  assert.match((await sendWebhook({ url: 'http://127.0.0.1:1/', secret: 's' }, message, 'any')).note, /ECONNREFUSED/);
});

test('the signature is the HMAC-SHA256 of the time, a full stop and the body', () => {
  // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'sixteen characters'
  assert.equal(
    signatureOf('sixteen characters', { timestamp: 1_700_000_000, body: '{"a":1}' }),
    'sha256=968dac86a39613b93d0171ca93105db18c9354dae8728f4c7a83f63f491a22de',
  );
});
