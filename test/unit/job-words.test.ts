import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCollectionSpec, parseDatasetSpec, parseJobSpec } from '../../library/parse-specs.js';
import { jobFileSchema } from '../../tiling/job/job-file-schema.js';
import { didYouMean } from '../../tiling/nearest-word.js';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';

const job = { image: 'a.tif', output: 'o.tif', operations: [{ name: 'box', params: { radius: 1 } }] };

test('a mistyped word is answered with the one that it is nearest to, a strange one with none', () => {
  const known = ['radius', 'sigma', 'border', 'quality', 'min'];
  for (const [word, meant] of [
    ['raduis', 'radius'],
    ['Radius', 'radius'],
    ['sigm', 'sigma'],
    ['boarder', 'border'],
    ['qualtiy', 'quality'],
    ['mim', 'min'],
  ] as const) {
    assert.equal(didYouMean(word, known), `did you mean '${meant}'?`);
  }
  for (const word of ['file', 'x', '', 'colours']) assert.equal(didYouMean(word, known), undefined, word);
});

test('a job is refused in words, a mistyped key before what is missing for it', () => {
  const { operations: _, ...rest } = job;
  for (const [parse, written, message] of [
    [parseJobSpec, { ...rest, operatoins: [] }, "the job has no key 'operatoins'; did you mean 'operations'?"],
    [parseJobSpec, rest, 'operations is not given; expected a list'],
    [parseJobSpec, { ...job, compression: { codek: 'zstd' } }, "compression has no key 'codek'; did you mean 'codec'?"],
    [parseJobSpec, { ...job, operations: [{ name: 'box', parms: {} }] }, "operations[0] has no key 'parms'; did you"],
    [parseJobSpec, { ...job, tile: 7 }, 'tile is 7; expected at least 16'],
    [parseJobSpec, { ...job, nodata: 'x' }, "nodata is 'x'; expected none or a list"],
    [parseJobSpec, [], 'it is no mapping'],
    [parseDatasetSpec, { frames: ['f'], output: 'o', palette: { color: 3 } }, "palette has no key 'color'; did you"],
    [parseCollectionSpec, { ...job, images: [{ image: 'a', mapp: 'b' }] }, "images[0] has no key 'mapp'; did you"],
  ] as const) {
    assert.throws(
      () => parse(written),
      (error: Error) => error.message.includes(message),
      message,
    );
  }
});

test('operations and parameters that nobody knows are answered with near ones', () => {
  const resolve = (name: string, params = {}) => resolveOperations([{ name, params, constant: 0 }], { map: true });
  assert.throws(() => resolve('gausian'), /no such operation; expected box, .*; did you mean 'gaussian'\?$/);
  assert.throws(
    () => resolve('box', { raduis: 3 }),
    /no parameter 'raduis'; expected radius; did you mean 'radius'\?$/,
  );
});

test('the schema of job files knows every operation with its parameters, and every kind of job', () => {
  const schema = JSON.parse(JSON.stringify(jobFileSchema())) as {
    anyOf: { $ref: string }[];
    $defs: Record<
      string,
      {
        properties: Record<string, { items?: { $ref?: string } }>;
        oneOf?: OperationForm[];
        anyOf?: { properties: object }[];
      }
    >;
  };
  interface OperationForm {
    readonly properties: { readonly name: { const: string }; readonly params: { properties?: object } };
  }
  assert.deepEqual(
    schema.anyOf.map(({ $ref }) => $ref),
    ['image', 'collection', 'dataset'].map((kind) => `#/$defs/${kind}`),
  );
  const { image, dataset, operation, followUp } = schema.$defs;
  // A job may be followed by others, which are jobs with a name; those are followed by none.
  assert.equal(image!.properties.then!.items!.$ref, '#/$defs/followUp');
  const following = followUp!.anyOf!.map(({ properties }) =>
    ['name', 'after', 'then'].map((each) => each in properties),
  );
  assert.deepEqual(following, Array(3).fill([true, true, false]));
  assert.equal(image!.properties.operations!.items!.$ref, '#/$defs/operation');
  assert.ok('palette' in dataset!.properties);
  const forms = operation!.oneOf!.map(({ properties: { name, params } }) => [
    name.const,
    Object.keys(params.properties ?? {}),
  ]);
  assert.deepEqual(
    forms,
    Object.values(OPERATIONS).map(({ name, params }) => [name, Object.keys(params.shape)]),
  );
});
