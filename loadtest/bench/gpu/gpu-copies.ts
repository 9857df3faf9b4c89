/// <reference types="@webgpu/types" />
import type { OpenedDevice } from '../../../worker/kernels/webgpu/device/adapter.js';

/** Bytes a second of the device's own memory, reading and writing counted: the best of some copies of a buffer. */
export async function memoryBandwidth({ device, limits, timestamps }: OpenedDevice): Promise<number | undefined> {
  if (!timestamps) return undefined;
  const size = Math.min(limits.bufferBytes, 2 ** 28);
  const buffer = (usage: number, bytes = size) => device.createBuffer({ size: bytes, usage });
  const [from, to] = [buffer(GPUBufferUsage.COPY_SRC), buffer(GPUBufferUsage.COPY_DST)];
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 });
  const resolved = buffer(GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC, 16);
  const readback = buffer(GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST, 16);
  let best = 0;
  for (let round = 0; round < 6; round++) {
    const encoder = device.createCommandEncoder();
    encoder.beginComputePass({ timestampWrites: { querySet, endOfPassWriteIndex: 0 } }).end();
    encoder.copyBufferToBuffer(from, 0, to, 0, size);
    encoder.beginComputePass({ timestampWrites: { querySet, beginningOfPassWriteIndex: 1 } }).end();
    encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, readback, 0, 16);
    device.queue.submit([encoder.finish()]);
    await readback.mapAsync(GPUMapMode.READ);
    const [start, end] = new BigUint64Array(readback.getMappedRange());
    best = Math.max(best, (2 * size) / (Number(end! - start!) / 1e9));
    readback.unmap();
  }
  for (const each of [from, to, resolved, readback]) each.destroy();
  querySet.destroy();
  // Queries that the driver rounds to nothing say nothing.
  return Number.isFinite(best) ? best : undefined;
}

/**
 * Tiles a second that go into the device and come out again with nothing between, `inFlight` at a time: what any
 * kernel with transfers is held against.
 */
export async function copyRate(
  { device }: OpenedDevice,
  { inBytes, outBytes, inFlight, tiles }: { inBytes: number; outBytes: number; inFlight: number; tiles: number },
): Promise<number> {
  const source = new Uint8Array(inBytes).fill(1);
  const sink = new Uint8Array(outBytes);
  let next = 0;
  const lane = async () => {
    const staging = device.createBuffer({
      size: inBytes,
      usage: GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC,
      mappedAtCreation: true,
    });
    const resident = device.createBuffer({
      size: Math.max(inBytes, outBytes),
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const readback = device.createBuffer({ size: outBytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    while (next++ < tiles) {
      new Uint8Array(staging.getMappedRange()).set(source);
      staging.unmap();
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(staging, 0, resident, 0, inBytes);
      encoder.copyBufferToBuffer(resident, 0, readback, 0, outBytes);
      device.queue.submit([encoder.finish()]);
      await readback.mapAsync(GPUMapMode.READ);
      sink.set(new Uint8Array(readback.getMappedRange()));
      readback.unmap();
      await staging.mapAsync(GPUMapMode.WRITE);
    }
    for (const buffer of [staging, resident, readback]) buffer.destroy();
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  return tiles / ((performance.now() - start) / 1000);
}
