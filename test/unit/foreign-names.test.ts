import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describeOperation } from '../../cli/commands/operations.js';
import { rootsOf } from '../../cli/endpoint-options.js';
import { filterPixels } from '../../library/filter-pixels.js';
import { parseOperation } from '../../library/parse-operation.js';
import { readFailure } from '../../proto/convert/failure.js';
import { readJobSpec } from '../../proto/convert/job-spec.js';
import { fromStatus, toStatus } from '../../proto/convert/status.js';
import { ERROR_TABLE, type ErrorTag } from '../../tiling/error-table.js';
import { HalotileError } from '../../tiling/errors.js';
import { inputPaths } from '../../tiling/job/job-inputs.js';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { readTarget } from '../../tiling/palette/target.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { isKindName } from '../../tiling/work/index.js';
import { scratchFolder } from '../support/scratch-folder.js';

/** What every object answers to, whoever put it there: `constructor`, `__proto__`, `toString`… */
const INHERITED = Object.getOwnPropertyNames(Object.prototype);

/** Every place where text from outside is looked up in a table: each refuses or ignores what no one has put there. */
const LOOK_UPS: Readonly<Record<string, (name: string) => void | Promise<void>>> = {
  'tables by name': (name) => {
    assert.equal(OPERATIONS[name], undefined);
    assert.ok(!(name in OPERATIONS));
    assert.ok(!(name in ERROR_TABLE));
  },
  'an operation of a spec': (name) => {
    const reading = readJobSpec({ image: 'a', output: 'b', operations: [{ name }] });
    assert.ok(reading.ok);
    assert.deepEqual(inputPaths(reading.spec), ['a']);
    const resolve = () => resolveOperations(reading.spec.operations, { map: false });
    assert.throws(resolve, { tag: 'bad-usage', message: /there is no such operation/ });
  },
  'a parameter of a spec': (name) => {
    const params = Object.fromEntries([[name, { numberValue: 1 }]]);
    const reading = readJobSpec({ image: 'a', output: 'b', operations: [{ name: 'box', params }] });
    if (!reading.ok) {
      assert.deepEqual(reading.violations, [
        { field: 'operations[0].params', description: "there is no parameter '__proto__'" },
      ]);
      assert.equal(name, '__proto__');
    } else assert.throws(() => resolveOperations(reading.spec.operations, { map: true }), { tag: 'bad-usage' });
  },
  'an operation on the command line': (name) => {
    assert.throws(() => describeOperation(name), { tag: 'bad-usage' });
  },
  'a parameter on the command line': (name) => {
    const { params } = parseOperation(`box:${name}=1`);
    assert.deepEqual(Object.entries(params ?? {}), [[name, '1']]);
  },
  'the tag of a failure': (name) => {
    assert.equal(readFailure({ tag: name, what: 'x' }).tag, 'tile-failed');
  },
  'the reason of a status': (name) => {
    const wire = toStatus(new HalotileError('bad-input', { what: 'x' }));
    const bytes = wire.metadata!.get('grpc-status-details-bin')[0] as Buffer;
    const at = bytes.indexOf('bad-input');
    // The same message with a reason of the same length, which is all that protobuf asks for.
    const reason = name.padEnd(9, ' ').slice(0, 9);
    bytes.write(reason, at);
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', bytes);
    const error = { code: status.INVALID_ARGUMENT, details: 'x', metadata } as ServiceError;
    assert.ok(Object.hasOwn(ERROR_TABLE, fromStatus(error).tag satisfies ErrorTag));
  },
  'a storage root': (name) => {
    assert.throws(() => new StorageRoots({}).resolve(`root:${name}/x.tif`), { tag: 'bad-input' });
    assert.deepEqual(Object.entries(rootsOf([`${name}=/srv`])), [[name, '/srv']]);
  },
  'a kind of work': (name) => {
    assert.equal(isKindName(name), false);
  },
  'an image of the library call': (name) => {
    const pixels = { samples: new Uint8Array(4), width: 2, height: 2, channels: 1 };
    return assert.rejects(filterPixels(pixels, [{ name: 'flat-field', params: { flat: name } }], { images: {} }), {
      tag: 'bad-input',
    });
  },
  'the ending of a palette file': (name) => {
    assert.equal(readTarget(`${scratchFolder()}/x.${name}`), undefined);
  },
};

for (const [place, lookUp] of Object.entries(LOOK_UPS)) {
  test(`${place} is found among a table's own entries only`, async () => {
    for (const name of INHERITED) await lookUp(name);
  });
}
