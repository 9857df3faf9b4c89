import { BroadcastChannel } from 'node:worker_threads';
import { HalotileError, toErrorRecord } from '../../tiling/errors.js';
import type { DeviceAnswer, DeviceLink, DeviceMessage } from '../device/device-messages.js';
import type { ChainRequest } from '../kernels/webgpu/chain/chain-request.js';
import type { GpuDevice } from '../kernels/webgpu/chain/gpu-device.js';

/** Answers the threads of this process that ask for chains over the link's channel, until the result is called. */
export function serveDevice(device: GpuDevice, link: DeviceLink): () => void {
  const channel = new BroadcastChannel(link.channel);
  channel.onmessage = async (event) => {
    const message = (event as { readonly data: DeviceMessage }).data;
    if (message.kind !== 'ask') return;
    const answer = await answered(device, message.request);
    channel.postMessage({ kind: 'answer', id: message.id, answer } satisfies DeviceMessage);
  };
  return () => channel.close();
}

async function answered(device: GpuDevice, request: ChainRequest): Promise<DeviceAnswer> {
  try {
    return await device.answer(request);
  } catch (error) {
    if (error instanceof HalotileError && error.tag === 'over-limit') return { kind: 'too-large' };
    return { kind: 'error', error: toErrorRecord(error, 'tile-failed', { where: 'GPU' }) };
  }
}
