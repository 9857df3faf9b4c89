import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Client, credentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import { TestCluster } from '../cluster/harness.js';
import { missingCommands } from '../support/installed.js';

const run = promisify(execFile);
const SERVICES = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'halotile.v1.Jobs',
  'halotile.v1.Schedules',
  'halotile.v1.Workers',
];
/** What the details of an error are; no service's file imports them. */
const DETAILS = ['google.rpc.Status', 'google.rpc.BadRequest', 'google.rpc.ErrorInfo'];
/** What the server's answer to a request for a file holds. */
type Answer = { readonly fileDescriptorResponse?: { readonly fileDescriptorProto: Uint8Array[] } } & {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
};

let cluster: TestCluster;
before(async () => {
  cluster = await TestCluster.start();
});
after(() => cluster.close());

/** Every file that the server hands out about services and details, asking for imports by name as clients do. */
async function filesOf(version: string): Promise<descriptor.IFileDescriptorProto[]> {
  const proto = createRequire(import.meta.url).resolve('@grpc/reflection/package.json');
  const path = `${proto.slice(0, -'package.json'.length)}build/proto/grpc/reflection/${version}/reflection.proto`;
  const types = protobuf.loadSync(path);
  const [request, response] = ['ServerReflectionRequest', 'ServerReflectionResponse'].map((name) =>
    types.lookupType(`grpc.reflection.${version}.${name}`),
  );
  const client = new Client(cluster.address, credentials.createInsecure());
  const stream = client.makeBidiStreamRequest<object, Answer>(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (message) => Buffer.from(request!.encode(message).finish()),
    (bytes) => response!.toObject(response!.decode(bytes)) as Answer,
  );
  const answers = stream[Symbol.asyncIterator]();
  const ask = async (message: object): Promise<Answer> => {
    stream.write(message);
    return (await answers.next()).value as Answer;
  };
  const files = new Map<string, descriptor.IFileDescriptorProto>();
  const gather = async (message: object) => {
    const { fileDescriptorResponse: found } = await ask(message);
    assert.ok(found, `no file for ${JSON.stringify(message)}`);
    for (const bytes of found.fileDescriptorProto) {
      const file = descriptor.FileDescriptorProto.decode(bytes) as unknown as descriptor.IFileDescriptorProto;
      if (files.has(file.name!)) continue;
      files.set(file.name!, file);
      for (const name of file.dependency ?? []) await gather({ fileByFilename: name });
    }
  };
  try {
    const { listServicesResponse: list } = await ask({ listServices: '*' });
    assert.deepEqual(list?.service.map(({ name }) => name).sort(), SERVICES);
    for (const name of [...SERVICES, ...DETAILS]) await gather({ fileContainingSymbol: name });
  } finally {
    stream.end();
    client.close();
  }
  return [...files.values()];
}

/** The files as a whole, every type of every field found. */
function resolved(files: readonly descriptor.IFileDescriptorProto[]): protobuf.Root {
  const { fromDescriptor } = protobuf.Root as unknown as { fromDescriptor(set: object): protobuf.Root };
  return fromDescriptor(descriptor.FileDescriptorSet.create({ file: files })).resolveAll() as protobuf.Root;
}

/** The names of messages and of those inside them; entries of maps have none that users see. */
function messageNames(types: readonly descriptor.IDescriptorProto[], prefix: string): string[] {
  return types
    .filter(({ options }) => options?.mapEntry !== true)
    .flatMap(({ name, nestedType }) => [`${prefix}${name}`, ...messageNames(nestedType ?? [], `${prefix}${name}.`)]);
}

for (const version of ['v1', 'v1alpha']) {
  test(`reflection ${version} hands out every service's files with all that they import`, async () => {
    const root = resolved(await filesOf(version));
    for (const name of SERVICES) assert.ok(root.lookupService(name).methodsArray.length > 0, name);
  });
}

test('grpcurl lists, describes every service and message, and calls by reflection alone', {
  skip: missingCommands(['grpcurl', '-version']),
}, async () => {
  const grpcurl = async (flags: readonly string[], ...args: string[]) =>
    (await run('grpcurl', ['-plaintext', ...flags, cluster.address, ...args])).stdout;
  assert.deepEqual((await grpcurl([], 'list')).trim().split('\n').sort(), SERVICES);
  const messages = (await filesOf('v1')).flatMap((file) => messageNames(file.messageType ?? [], `${file.package}.`));
  for (const known of ['halotile.v1.JobSpec', 'google.rpc.BadRequest.FieldViolation', 'google.protobuf.Value']) {
    assert.ok(messages.includes(known), known);
  }
  const lane = async (names: IterableIterator<string>) => {
    for (const name of names) assert.ok((await grpcurl([], 'describe', name)).startsWith(`${name} is a `), name);
  };
  const names = [...SERVICES, ...messages].values();
  await Promise.all([lane(names), lane(names), lane(names)]);

  assert.deepEqual(JSON.parse(await grpcurl([], 'grpc.health.v1.Health/Check')), { status: 'SERVING' });
  const spec = {
    ...{ image: 'root:data/deflate.tif', map: 'root:data/map.tif', output: 'root:data/out.tif' },
    operations: [{ name: 'box', params: { p: 1 } }],
  };
  const plan = async (change: object) =>
    grpcurl(['-format-error', '-d', JSON.stringify({ spec: { ...spec, ...change } })], 'halotile.v1.Jobs/PlanJob');
  assert.ok(JSON.parse(await plan({ operations: [{ name: 'box' }] })).tiles > 0);
  const refused = await plan({ operations: [{ name: 'box', border: 'wrap' }] }).catch((error: unknown) => error);
  const { code, details } = JSON.parse((refused as { readonly stderr: string }).stderr);
  assert.equal(code, 3);
  const [info, request] = details as Record<string, unknown>[];
  assert.deepEqual(info, {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    ...{ reason: 'bad-usage', domain: 'halotile' },
  });
  assert.equal(request?.['@type'], 'type.googleapis.com/google.rpc.BadRequest');
  assert.match(JSON.stringify(request?.fieldViolations), /spec\.operations\[0\]\.border/);
});
