import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import { blurSpec, makeScene } from '../cluster/scene-files.js';
import { scratchFolder } from '../support/scratch-folder.js';

/** Traces of real processes, as an OTLP receiver gets them. */

interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
}

const folder = scratchFolder();
const CLI = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const spans: (ReceivedSpan & { readonly service: string })[] = [];
let receiver: Server;
let onReceived = () => {};

before(async () => {
  await makeScene(join(folder, 'data'));
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    assert.equal(request.url, '/v1/traces');
    for (const { resource, scopeSpans } of JSON.parse(String(Buffer.concat(chunks))).resourceSpans) {
      const service = resource.attributes.find(({ key }: { key: string }) => key === 'service.name').value.stringValue;
      for (const { spans: received } of scopeSpans)
        spans.push(...received.map((span: ReceivedSpan) => ({ ...span, service })));
    }
    onReceived();
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});
after(() => receiver.close());

/** Starts a service that traces; resolves to it and to what its line says that matches. */
function service(args: readonly string[], line: RegExp): Promise<{ process: ChildProcess; match: RegExpExecArray }> {
  const { port } = receiver.address() as AddressInfo;
  const env = {
    ...process.env,
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_BSP_SCHEDULE_DELAY: '100' },
  };
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`it ended: ${said}`)));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const match = line.exec(said);
        if (match !== null) resolve({ process: child, match });
      });
  });
}

async function ended({ process: child }: { process: ChildProcess }): Promise<void> {
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  assert.equal(await exit, 0);
}

test('a job is one trace from its caller to every part of its tiles, by reference and inline', async () => {
  const data = `data=${join(folder, 'data')}`;
  const coordinator = await service(
    ['serve', '--listen', '127.0.0.1:0', '--state', join(folder, 'state'), '--root', data],
    /listens on (127\.0\.0\.1:\d+)/,
  );
  const address = coordinator.match[1]!;
  const client = new JobsClient({ address });
  for (const roots of [['--root', data], []]) {
    spans.length = 0;
    const worker = await service(
      ['worker', '--coordinator', address, '--threads', '1', '--name', 'w', ...roots],
      /works for/,
    );
    const spec = blurSpec((name) => `root:data/${name}`, `root:data/traced-${roots.length}.tif`);
    const { id } = await client.submit(spec, { traceparent: `00-${TRACE}-${CALLER}-01` });
    for await (const _ of client.watch(id!));
    await ended(worker);
    const has = (name: string) => spans.some((span) => span.name === name);
    const isTold = () => has('run') && has('assemble');
    await new Promise<void>((resolve) => {
      onReceived = () => isTold() && resolve();
      onReceived();
    });
    checkTree(roots.length > 0);
  }
  client.close();
  await ended(coordinator);
});

function checkTree(isByReference: boolean): void {
  assert.deepEqual([...new Set(spans.map(({ traceId }) => traceId))], [TRACE]);
  const named = (name: string) => spans.filter((span) => span.name === name);
  const one = (name: string) => {
    assert.equal(named(name).length, 1, name);
    return named(name)[0]!;
  };
  assert.equal(one('submit').parentSpanId, CALLER);
  for (const name of ['queue', 'run']) assert.equal(one(name).parentSpanId, one('submit').spanId);
  for (const name of ['plan', 'assemble']) assert.equal(one(name).parentSpanId, one('run').spanId);
  const tiles = named('tile');
  assert.ok(tiles.length >= 30, `${tiles.length} tiles`);
  for (const { parentSpanId, service: from, spanId } of tiles) {
    assert.equal(parentSpanId, one('run').spanId);
    assert.equal(from, 'halotile-worker');
    const parts = spans.filter((span) => span.parentSpanId === spanId).map(({ name }) => name);
    for (const name of ['fetch', 'kernel']) assert.ok(parts.includes(name), `${parts}`);
  }
  const stores = named('store');
  assert.equal(stores.length, tiles.length);
  const parents = named(isByReference ? 'commit' : 'tile').map(({ spanId }) => spanId);
  for (const { parentSpanId, service: from } of stores) {
    assert.ok(parents.includes(parentSpanId!));
    assert.equal(from, 'halotile-coordinator');
  }
  for (const { name, startTimeUnixNano, endTimeUnixNano, status } of spans) {
    assert.ok(BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano), name);
    assert.notEqual(status?.code, 2, name);
  }
}
