// What all scenarios share: a client of the coordinator at HALOTILE_ADDRESS, with our own protos.
import { check } from 'k6';
import { b64encode } from 'k6/encoding';
import { Rate, Trend } from 'k6/metrics';
import grpc from 'k6/net/grpc';

/** Whether the short form runs, as in CI. */
export const SHORT = __ENV.SHORT === '1';

/** Thresholds of time, which the short form leaves out: it runs on machines that are busy with other things. */
export const timed = (thresholds) => (SHORT ? {} : thresholds);

const client = new grpc.Client();
client.load([`${__ENV.HALOTILE_ROOT}/proto`], 'halotile/v1/jobs.proto', 'halotile/v1/schedules.proto');

/** Milliseconds of single calls, and of whole jobs from their submission to their last event. */
export const submitMs = new Trend('submit_ms', true);
export const callMs = new Trend('call_ms', true);
export const jobMs = new Trend('job_ms', true);
export const uploadMs = new Trend('upload_ms', true);
/** Calls and jobs that did not end as they should. */
export const failed = new Rate('failed');

let connected = false;

/** The client, connected by its virtual user's first call. */
export function connection() {
  if (!connected) {
    client.connect(__ENV.HALOTILE_ADDRESS, { plaintext: true, maxReceiveSize: 16 << 20, maxSendSize: 4 << 20 });
    connected = true;
  }
  return client;
}

/** One unary call: its answer; undefined where it failed, which is counted. */
export function call(method, request, trend = callMs) {
  const startMs = Date.now();
  const response = connection().invoke(`halotile.v1.${method}`, request, { timeout: '60s' });
  trend.add(Date.now() - startMs);
  const isOk = check(response, { [`${method} is answered`]: (r) => r && r.status === grpc.StatusOK });
  failed.add(!isOk);
  if (!isOk && __ENV.VERBOSE) console.error(`${method}: ${response?.status} ${response?.error?.message}`);
  return isOk ? response.message : undefined;
}

/** A name that no other iteration has. */
export function uniqueName() {
  return `${Date.now().toString(36)}-${__VU}-${__ITER}-${Math.floor(Math.random() * 1e9).toString(36)}`;
}

/** Submits a blur of an image of 64×64; its id, or undefined. */
export function submit() {
  const name = uniqueName();
  const spec = {
    image: 'root:data/tiny.tif',
    output: `root:data/out/${name}.tif`,
    operations: [{ name: 'box', params: { radius: 1 } }],
    overviews: false,
  };
  const answer = call('Jobs/SubmitJob', { requestId: name, spec }, submitMs);
  return answer?.job.id;
}

/** Watches a job to its end; resolves to whether it succeeded. */
export function watch(id) {
  return new Promise((resolve) => {
    const stream = new grpc.Stream(connection(), 'halotile.v1.Jobs/WatchJob');
    let state = '';
    stream.on('data', (event) => {
      state = event.state;
    });
    stream.on('error', () => resolve(false));
    stream.on('end', () => resolve(state === 'JOB_STATE_SUCCEEDED'));
    stream.write({ id });
    stream.end();
  });
}

/** Submits a job and watches it to its end. */
export async function submitAndWatch() {
  const startMs = Date.now();
  const id = submit();
  if (id === undefined) return;
  const succeeded = await watch(id);
  jobMs.add(Date.now() - startMs);
  failed.add(!succeeded);
}

const CRC_TABLE = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Random bytes with their checksums; made once by each virtual user, since scripts are interpreted. */
export function chunksOf(size, chunkBytes) {
  const bytes = new Uint8Array(size).map(() => Math.floor(Math.random() * 256));
  const chunks = [];
  for (let offset = 0; offset < size; offset += chunkBytes) {
    const data = bytes.slice(offset, offset + chunkBytes);
    chunks.push({ offset, data: b64encode(data.buffer), crc: crc32(data) });
  }
  return { size, crc: crc32(bytes), chunks };
}

/** Uploads them; resolves to whether all of them arrived. */
export function upload({ size, crc, chunks }) {
  return new Promise((resolve) => {
    const stream = new grpc.Stream(connection(), 'halotile.v1.Jobs/Upload');
    let isComplete = false;
    stream.on('data', ({ complete }) => {
      isComplete = complete === true;
    });
    stream.on('error', () => resolve(false));
    stream.on('end', () => resolve(isComplete));
    stream.write({ header: { uploadId: uniqueName(), size, crc, name: 'load.bin' } });
    for (const chunk of chunks) stream.write({ chunk });
    stream.end();
  });
}
