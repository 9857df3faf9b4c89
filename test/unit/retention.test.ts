import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { EmbeddedQueue } from '../../coordinator/queue/embedded/embedded-queue.js';
import { expired } from '../../coordinator/service/expiry.js';
import { Retention } from '../../coordinator/service/retention.js';
import { Uploads } from '../../coordinator/service/uploads.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';

const HOUR_MS = 3600_000;
const directory = mkdtempSync(join(tmpdir(), 'halotile-retention-'));
after(() => rmSync(directory, { recursive: true }));

test('what is too old goes, then the longest unused until the rest fits; what is held stays', () => {
  const kept = (name: string, usedMs: number, held = false) => ({ directory: name, bytes: 10, usedMs, held });
  const all = [kept('new', 95), kept('old', 10), kept('held', 0, true), kept('middle', 60), kept('older', 50)];
  const names = (limits: Parameters<typeof expired>[1]) => expired(all, limits, 100).map((entry) => entry.directory);
  assert.deepEqual(names({ maxAgeMs: 80, maxBytes: 1000 }), ['old']);
  assert.deepEqual(names({ maxAgeMs: 80, maxBytes: 30 }), ['old', 'older']);
  assert.deepEqual(names({ maxAgeMs: 1000, maxBytes: 0 }), ['old', 'older', 'middle', 'new']);
  assert.deepEqual(names({ maxAgeMs: 1000, maxBytes: 50 }), []);
});

test('uploads and results expire by the clock; those of open jobs do not', async () => {
  let clockMs = Date.now();
  const nowMs = () => clockMs;
  const uploads = new Uploads(
    join(directory, 'uploads'),
    { maxFileBytes: 100, maxPrincipalBytes: 1e6, maxPrincipalFiles: 9, maxPrincipalOpen: 9 },
    nowMs,
  );
  const data = Buffer.from('an image');
  const upload = (id: string) => {
    const chunk = { offset: 0, data, crc: crc32(data) };
    const chunks = (async function* () {
      yield chunk;
    })();
    return uploads.receive('alice', { id, size: data.length, crc: crc32(data), name: 'image.tif' }, chunks);
  };
  for (const id of ['idle', 'used', 'held']) await upload(id);
  let ids = 0;
  const newId = () => `id-${++ids}`;
  const queue = await EmbeddedQueue.open({
    ...{ directory: join(directory, 'queue'), nowMs, newId, log: () => {} },
    retentionMs: HOUR_MS,
  });
  const spec = jobSpecSchema.parse({ image: 'upload:held', output: 'download:out.tif', operations: [{ name: 'box' }] });
  const submission = { requestId: 'r', principal: 'alice', spec, priority: 0, maxAttempts: 1 };
  const { job } = await queue.submit(submission);
  const results = join(directory, 'results');
  for (const id of ['over', job.id]) {
    mkdirSync(join(results, id), { recursive: true });
    writeFileSync(join(results, id, 'out.tif'), data);
    utimesSync(join(results, id), clockMs / 1000, clockMs / 1000);
  }
  const lines: string[] = [];
  const limits = { maxAgeMs: 24 * HOUR_MS, maxBytes: 1000 };
  const log = (line: string) => void lines.push(line);
  const retention = new Retention({ queue, uploads, results, limits, nowMs, log });
  try {
    await retention.sweep();
    assert.deepEqual(lines, []);
    clockMs += 20 * HOUR_MS;
    uploads.pathOf('alice', 'used');
    clockMs += 10 * HOUR_MS;
    await retention.sweep();
    assert.throws(() => uploads.pathOf('alice', 'idle'), { tag: 'bad-input' });
    assert.ok(existsSync(uploads.pathOf('alice', 'used')));
    assert.ok(existsSync(uploads.pathOf('alice', 'held')));
    assert.ok(!existsSync(join(results, 'over')));
    assert.ok(existsSync(join(results, job.id, 'out.tif')));
    assert.equal(lines.length, 2);
  } finally {
    await retention.close();
    await queue.close();
  }
});

test("uploads are their owner's alone, and one whose description is damaged is none", async () => {
  const place = join(directory, 'private');
  const limits = { maxFileBytes: 100, maxPrincipalBytes: 1e6, maxPrincipalFiles: 9, maxPrincipalOpen: 9 };
  const data = Buffer.from('an image');
  const description = { id: 'a', size: data.length, crc: crc32(data), name: 'a.tif' };
  const send = (uploads: Uploads) =>
    uploads.receive(
      'alice',
      description,
      (async function* () {
        yield { offset: 0, data, crc: crc32(data) };
      })(),
    );
  await send(new Uploads(place, limits, Date.now));
  const entries = readdirSync(place, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const { mode } = statSync(join(entry.parentPath, entry.name));
    assert.equal(mode & 0o777, entry.isDirectory() ? 0o700 : 0o600, entry.name);
  }
  const found = entries.find(({ name }) => name === 'upload.json')!;
  const path = join(found.parentPath, found.name);
  for (const text of [
    '',
    'null',
    '{"id":"a"}',
    '{"id":"a","size":-1,"crc":0,"name":""}',
    '{"id":"../b","size":1,"crc":0,"name":""}',
  ]) {
    writeFileSync(path, text);
    const uploads = new Uploads(place, limits, Date.now);
    assert.throws(() => uploads.pathOf('alice', 'a'), { tag: 'bad-input', message: /there is no such upload/ });
    assert.throws(() => uploads.status('alice', 'a'), { tag: 'not-found' });
    assert.equal((await send(uploads)).complete, true);
    assert.ok(existsSync(uploads.pathOf('alice', 'a')));
  }
  truncateSync(path, 5);
  assert.equal((await send(new Uploads(place, limits, Date.now))).received, data.length);
});
