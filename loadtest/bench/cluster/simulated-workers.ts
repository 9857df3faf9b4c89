// Many workers in one process that run nothing: node simulated-workers.js ADDRESS COUNT. Each holds a control
// stream and a connection of its own and answers every grant with one tiny block at once.
import { crc32 } from 'node:zlib';
import { halotileVersion } from '../../../coordinator/index.js';
import { CoordinatorClient } from '../../../proto/client/calls.js';
import type { halotile } from '../../../proto/gen/messages.js';
import { Workers } from '../../../proto/gen/services.js';
import { noCounts } from '../../../tiling/job/job-figures.js';
import { commitResult } from '../../../worker/remote/commit-result.js';

const [address = '', count = '1'] = process.argv.slice(2);
const BLOCK = Buffer.from('no pixels');

for (let index = 0; index < Number(count); index++) {
  const client = new CoordinatorClient({ address });
  const stream = client.duplex(Workers.attach);
  const name = `simulated-${process.pid}-${index}`;
  stream.write({ hello: { instance: name, name, version: halotileVersion(), backends: ['wasm'], slots: 4 } });
  stream.write({ capacity: { leases: 8 } });
  const timer = setInterval(() => stream.write({ heartbeat: { running: [] } }), 1000);
  stream.on('data', (message: halotile.v1.AttachResponse) => {
    if (message.grant) answer(client, name, message.grant);
    if (message.grant) stream.write({ started: { lease: message.grant.lease ?? 0 } });
  });
  const over = () => {
    clearInterval(timer);
    client.close();
  };
  stream.on('error', over);
  stream.on('end', over);
}

function answer(
  client: CoordinatorClient,
  instance: string,
  { key = '', lease = 0, stage = 0, task: index = 0, attempt = 1 }: halotile.v1.IGrant,
): void {
  const block = { level: 0, index, offset: 0, length: BLOCK.length, crc: crc32(BLOCK) };
  const result = {
    task: { kind: 'filter' as const, stage, index, attempt },
    ...{ value: { rasterCrcTerm: 0, mapMax: 0 }, part: '', blocks: [block], files: [], crc: 0 },
    seconds: { read: 0, decode: 0, kernel: 0, encode: 0, write: 0 },
    counts: noCounts(),
  };
  commitResult(client, { key, lease, instance }, result, { blocks: [BLOCK] }).catch(() => {});
}
