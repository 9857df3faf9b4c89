import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeRecord, forEachRecord, RecordLog, readRecords } from '../../tiling/stitch/record-log.js';

const folder = mkdtempSync(join(tmpdir(), 'halotile-record-log-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const records = [
  { kind: 'tile', tile: 1 },
  { kind: 'tile', name: 'äß\n"' },
  { kind: 'end', list: [1, 2, 3] },
];

function written(name: string): string {
  const path = join(folder, name);
  const log = RecordLog.open(path);
  log.append(records[0]!);
  log.append(records[1]!, records[2]!);
  log.close();
  return path;
}

test('records come back as they were appended', () => {
  const path = written('whole');
  assert.deepEqual(readRecords(path), { records, validBytes: readFileSync(path).length });
  assert.deepEqual(readRecords(join(folder, 'absent')), { records: [], validBytes: 0 });
});

test('a file cut at any byte holds exactly the records whose lines are whole', () => {
  const path = written('cut');
  const bytes = readFileSync(path);
  const ends = [0];
  for (const record of records) ends.push(ends.at(-1)! + Buffer.byteLength(encodeRecord(record)));
  for (let cut = 0; cut <= bytes.length; cut++) {
    writeFileSync(path, bytes.subarray(0, cut));
    const whole = ends.filter((end) => end <= cut).length - 1;
    assert.deepEqual(readRecords(path), { records: records.slice(0, whole), validBytes: ends[whole] });
  }
});

test('a damaged record ends the log, and opening cuts it off', () => {
  const path = written('damaged');
  const bytes = readFileSync(path);
  const second = Buffer.byteLength(encodeRecord(records[0]!));
  bytes[second + 20]! ^= 1;
  writeFileSync(path, bytes);
  assert.deepEqual(readRecords(path), { records: [records[0]], validBytes: second });
  const log = RecordLog.open(path);
  log.append({ kind: 'later' });
  log.close();
  assert.deepEqual(readRecords(path).records, [records[0], { kind: 'later' }]);
});

test('a torn tail of foreign bytes does not exist', () => {
  const path = written('foreign');
  const before = readRecords(path);
  appendFileSync(path, 'zzzzzzzz {"kind":"no"}\n');
  assert.deepEqual(readRecords(path), before);
});

test('records larger than one read are read whole', () => {
  const path = join(folder, 'large');
  const large = [{ text: 'x'.repeat(2_500_000) }, { text: 'y'.repeat(700_000) }];
  const log = RecordLog.open(path);
  log.append(...large);
  log.close();
  const seen: object[] = [];
  assert.equal(
    forEachRecord(path, (record) => seen.push(record)),
    readFileSync(path).length,
  );
  assert.deepEqual(seen, large);
});
