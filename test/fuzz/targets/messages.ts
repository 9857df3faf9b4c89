import { readDatasetSpec } from '../../../proto/convert/dataset-spec.js';
import { readFailure } from '../../../proto/convert/failure.js';
import { readJobSpec, writeJobSpec } from '../../../proto/convert/job-spec.js';
import { pack, unpack } from '../../../proto/convert/pack.js';
import { readResult, writeResult } from '../../../proto/convert/task-result.js';
import { halotile } from '../../../proto/gen/messages.js';
import { noCounts } from '../../../tiling/job/job-figures.js';
import type { FuzzTarget } from '../target.js';

const { JobSpec, DatasetSpec, TaskCommit, Failure, AttachRequest, SubmitJobRequest } = halotile.v1;

const job = JobSpec.encode(
  writeJobSpec({
    image: 'root:data/in.tif',
    map: 'upload:1',
    output: 'root:data/out.tif',
    operations: [
      { name: 'gaussian', params: { quality: 'fast' } },
      { name: 'max', params: { footprint: 'disk:3' } },
    ],
    nodata: [0, Number.NaN],
  }),
).finish();
const value = pack({ mapMax: 3, partial: { counts: [1, 2] }, carries: ['AAAA'] });
const commit = TaskCommit.encode(
  writeResult(
    { key: 'k', lease: 3, instance: 'host-1' },
    {
      task: { kind: 'reduce', stage: 0, index: 4, attempt: 1 },
      ...{ value: { mapMax: 3, partial: {} }, crc: 1, part: 'part-a', files: [] },
      blocks: [{ level: 0, index: 4, offset: 0, length: 9, crc: 8 }],
      seconds: { read: 1, decode: 0, kernel: 0, encode: 0, write: 0 },
      counts: { ...noCounts(), bytesRead: 1 },
    },
    { inline: false, carried: new Map(), valueJson: value.json, pieces: [] },
  ),
).finish();
const dataset = DatasetSpec.encode({ frames: ['root:data/frames'], output: 'root:data/out' }).finish();
const failure = Failure.encode({ tag: 'bad-input', what: 'x', where: 'y' }).finish();
const hello = AttachRequest.encode({
  hello: { instance: 'a', name: 'b', version: '1', roots: ['data'], slots: 2 },
}).finish();

/** Messages whose bytes are what a message is, each with what is made of it. */
const READERS: readonly ((bytes: Uint8Array) => unknown)[] = [
  (bytes) => readJobSpec(JobSpec.decode(bytes)),
  (bytes) => readDatasetSpec(DatasetSpec.decode(bytes)),
  (bytes) => {
    const decoded = TaskCommit.decode(bytes);
    return readResult(decoded, unpack({ json: decoded.valueJson, pieces: [] }));
  },
  (bytes) => readFailure(Failure.decode(bytes)),
  (bytes) => AttachRequest.decode(bytes),
  (bytes) => SubmitJobRequest.decode(bytes),
];

/** What the protobuf library itself refuses: the transport answers it with a status before any of our code runs. */
function isRefusedByLibrary(error: unknown): boolean {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return /^(Error|RangeError|ProtocolError)/.test(stack) && /\.decode \(|Reader\./.test(stack);
}

/** What travels over gRPC, where our own code takes it from the library. */
export const messages: FuzzTarget = {
  name: 'message',
  seeds: [job, commit, dataset, failure, hello],
  run: (bytes) => {
    let refusal: unknown;
    for (const read of READERS) {
      try {
        read(bytes);
      } catch (error) {
        if (isRefusedByLibrary(error)) continue;
        if ((error as Error).name !== 'HalotileError') throw error;
        refusal = error;
      }
    }
    if (refusal !== undefined) throw refusal;
  },
};
