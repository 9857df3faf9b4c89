import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceError } from '@grpc/grpc-js';
import { BadRequest } from '../../coordinator/service/caller-errors.js';
import { cutList, cutText } from '../../proto/convert/bounded-text.js';
import { writeFailure } from '../../proto/convert/failure.js';
import { toStatus, violationsOf } from '../../proto/convert/status.js';
import { HalotileError } from '../../tiling/errors.js';

/** Bytes of a status in HTTP/2 trailers: the sentence percent-encoded, the details in base64. */
function trailerBytes({ details = '', metadata }: ReturnType<typeof toStatus>): number {
  const bytes = metadata?.get('grpc-status-details-bin')[0] as Buffer;
  return encodeURI(details).length + Math.ceil(bytes.length / 3) * 4;
}

const TEXTS = ['short', 'x'.repeat(100_000), 'ä×猫'.repeat(40_000), '🂡'.repeat(20_000), '%\n'.repeat(50_000)];

test('a status is at most 4 KiB of trailers, whatever the error says', () => {
  for (const what of TEXTS) {
    const status = toStatus(new HalotileError('bad-input', { what, where: what, expected: what, remedy: what }));
    assert.ok(trailerBytes(status) <= 4096, `${trailerBytes(status)} bytes`);
    for (const count of [1, 3, 400, 170_000]) {
      const violations = Array.from({ length: count }, (_, index) => ({
        field: `images[${index}].${what.slice(0, 300)}`,
        description: what.slice(0, 2000),
      }));
      const many = toStatus(new BadRequest(violations), violations);
      assert.ok(trailerBytes(many) <= 4096, `${trailerBytes(many)} bytes`);
    }
  }
});

test('a list of violations is cut with the number of those left out', () => {
  const violations = Array.from({ length: 400 }, (_, index) => ({ field: `images[${index}]`, description: 'no name' }));
  // Of those that a thread has found it hands on the first, with the number of the others.
  for (const [given, unnamed] of [
    [400, 0],
    [100, 300],
    [2, 398],
  ] as const) {
    const some = violations.slice(0, given);
    const status = toStatus(new BadRequest(some, unnamed), some, unnamed);
    const known = violationsOf({ ...status, metadata: status.metadata } as unknown as ServiceError);
    assert.deepEqual(known.slice(0, -1), violations.slice(0, known.length - 1));
    assert.deepEqual(known.at(-1), { field: '', description: `and ${401 - known.length} more` });
    const listed = /and (\d+) more$/.exec(status.details!);
    assert.equal(status.details!.split('; ').length - 1, 400 - Number(listed?.[1]));
  }
});

test('a cut text says how much is missing, one that fits is untouched', () => {
  for (const text of TEXTS) {
    const cut = cutText(text, 500);
    if (text.length <= 100) assert.equal(cut, text);
    else {
      const [kept = '', missing] = cut.split('… (');
      assert.ok(text.startsWith(kept));
      assert.equal(missing, `${text.length - kept.length} more characters)`);
    }
  }
  assert.equal(cutList(['a', 'b'], 500), 'a; b');
  assert.equal(cutList([], 500), '');
});

test('the texts of a failure in a message are bounded too', () => {
  for (const text of TEXTS) {
    const failure = writeFailure({ tag: 'bad-input', detail: { what: text, where: text } });
    assert.ok(Buffer.byteLength(JSON.stringify(failure)) < 4096);
    assert.equal(failure.expected, undefined);
  }
});
