import { readFileSync } from 'node:fs';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import descriptor from 'protobufjs/ext/descriptor/index.js';

type Files = ConstructorParameters<typeof ReflectionService>[0];

/**
 * Answers server reflection, v1 and v1alpha, about every service of the server, its health and reflection included.
 * Each proto file is served as it was written, with the files it imports: what proto-loader makes of a descriptor set
 * is one file a package without imports, which clients refuse.
 */
export function addReflection(server: Server): void {
  const set = readFileSync(new URL('../../proto/gen/descriptors.binpb', import.meta.url));
  const { file } = descriptor.FileDescriptorSet.decode(set) as unknown as descriptor.IFileDescriptorSet;
  const fileDescriptorProtos = file.map((each) => Buffer.from(descriptor.FileDescriptorProto.encode(each).finish()));
  // Of a package definition the service reads nothing else.
  new ReflectionService({ files: { fileDescriptorProtos } } as unknown as Files).addToServer(server);
}
