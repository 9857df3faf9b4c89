/// <reference types="@webgpu/types" />
import type { DeviceRun } from './device-run.js';

/** A part of the memory that an asker and the device's process exchange. */
export interface ExchangePlace {
  readonly offset: number;
  readonly bytes: number;
}

/** One round trip to a device: bytes in, passes, bytes out. */
export interface DeviceWork {
  /** Device memory that it takes at once. */
  readonly deviceBytes: number;
  /** What is copied in, by parts that `encode` names. */
  readonly sent: Uint8Array;
  /** Adds its passes; the result is at the start of the buffer that it returns. */
  readonly encode: (run: DeviceRun, place: PlaceSent) => Promise<GPUBuffer>;
  readonly resultBytes: number;
  /** Takes the result, which is gone afterwards. */
  readonly take: (result: Uint8Array) => void;
}

/** A part of what is sent, whose offset is a multiple of 4, in a buffer of its own of at least `heldBytes`. */
export type PlaceSent = (part: ExchangePlace, heldBytes?: number) => Promise<GPUBuffer>;
