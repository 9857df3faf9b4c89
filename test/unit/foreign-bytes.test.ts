import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJobSpec } from '../../proto/convert/job-spec.js';
import { fromPortable } from '../../proto/convert/portable.js';
import { halotile } from '../../proto/gen/messages.js';
import { badInput } from '../../tiling/errors.js';

// What fuzzing found, each once: scripts of the long form find it again where it comes back.

test('a parameter that a message names without a value is refused as a field', () => {
  const text = (field: number, value: string) => [field * 8 + 2, value.length, ...Buffer.from(value)];
  const entry = text(1, 'radius');
  const operation = [...text(1, 'box'), 2 * 8 + 2, entry.length, ...entry];
  const bytes = [...text(1, 'a.tif'), ...text(3, 'b.tif'), 4 * 8 + 2, operation.length, ...operation];
  const reading = readJobSpec(halotile.v1.JobSpec.decode(Uint8Array.from(bytes)));
  assert.ok(!reading.ok);
  assert.deepEqual(
    reading.violations.map(({ field }) => field),
    ['operations[0].params.radius'],
  );
});

test('a text of another machine that is no JSON is an error of ours', () => {
  assert.throws(() => fromPortable('{"a":'), { tag: 'bad-input' });
});

test('an error is one line, whatever a library or a name of a file says', () => {
  const error = badInput({ what: 'a library said:\nVipsJpeg: one\r\n  two', where: 'a\u2028b.tif' });
  assert.equal(error.message, 'a b.tif: a library said: VipsJpeg: one two');
  assert.equal(error.detail.what, 'a library said: VipsJpeg: one two');
});
