import type { DeviceSeconds } from '../../tiling/job/execution.js';
import { Remap, type Rgb } from '../../tiling/palette/remap.js';
import { countColours, type WorkPerformer } from '../../worker/kernels/webgpu/colour-counts.js';
import type { GpuDevice } from '../../worker/kernels/webgpu/gpu-device.js';
import { remapOnDevice } from '../../worker/kernels/webgpu/remap.js';

/** What palettes need of a device, in million pixels a second. */
export interface ColourRates {
  readonly label: string;
  readonly resident: number | undefined;
  readonly withTransfers: number;
}

const ROUNDS = 5;

/** Counts colours and remaps to 64 of them: `side`×`side` pixels at a time, the best of some rounds. */
export async function measureColours(device: GpuDevice, side: number): Promise<readonly ColourRates[]> {
  const rgba = Uint8Array.from({ length: side * side * 4 }, (_, i) =>
    (i & 3) === 3 ? 255 : (i * 7 + (i >> 9)) & 0xf8,
  );
  const palette = Array.from({ length: 64 }, (_, i): Rgb => [i * 4, (i * 37) & 255, (i * 91) & 255]);
  const { via } = new Remap(palette);
  return [
    await rated(device, `colour counts`, side * side, (on) => countColours(on, rgba)),
    await rated(device, `palette remap, 64 colours`, side * side, (on) => remapOnDevice(on, rgba, { palette, via })),
  ];
}

async function rated(
  device: GpuDevice,
  label: string,
  pixels: number,
  work: (device: WorkPerformer) => Promise<unknown>,
): Promise<ColourRates> {
  let resident = Number.POSITIVE_INFINITY;
  let whole = Number.POSITIVE_INFINITY;
  const timed: WorkPerformer = {
    async perform(each): Promise<DeviceSeconds> {
      const seconds = await device.perform(each);
      resident = Math.min(resident, seconds.compute);
      return seconds;
    },
  };
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await work(timed);
    whole = Math.min(whole, (performance.now() - start) / 1000);
  }
  return { label, resident: resident > 0 ? pixels / resident / 1e6 : undefined, withTransfers: pixels / whole / 1e6 };
}
