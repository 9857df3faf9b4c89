import type { ErrorRecord } from '../../tiling/errors.js';
import type { ChainAnswer, ChainRequest } from '../kernels/webgpu/chain/chain-request.js';
import type { DeviceLimits } from '../kernels/webgpu/device/adapter.js';

/** How a thread of a device's process reaches the device. */
export interface DeviceLink {
  /** Name of the broadcast channel that threads ask on and the process's main thread answers on. */
  readonly channel: string;
  /** The device as jobs are pinned to it: adapter and driver. */
  readonly backend: string;
  readonly limits: DeviceLimits;
}

/** What goes over the channel: everyone hears everything, `id` says whom it concerns. */
export type DeviceMessage =
  | { readonly kind: 'ask'; readonly id: string; readonly request: ChainRequest }
  | { readonly kind: 'answer'; readonly id: string; readonly answer: DeviceAnswer };

/** `too-large`: there is no room for this one tile; the next one may be smaller. */
export type DeviceAnswer =
  | ChainAnswer
  | { readonly kind: 'too-large' }
  | { readonly kind: 'error'; readonly error: ErrorRecord };
