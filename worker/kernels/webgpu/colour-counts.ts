import { ColourCounts, EXACT_COLOURS } from '../../../tiling/palette/colour-counts.js';
import type { DeviceRun } from './device-run.js';
import type { DeviceWork } from './device-work.js';

const COLOURS = 2 ** 24;
const HEADER_BYTES = 8;
const ENTRY_BYTES = 8;

/** What runs work: a device, whose self-check has passed or is being made. */
export interface WorkPerformer {
  perform(work: DeviceWork): Promise<unknown>;
}

/**
 * How many of the pixels of interleaved 8-bit RGBA whose alpha is not 0 have which colour: the same partial as
 * `ColourCounts.addRgba` gives. Undefined beyond 2^20 unique colours, which are for the processor to put into cells.
 * Counters for all colours take 64 MiB of the device: many frames in one call cost little more than one.
 * @throws as `GpuDevice.perform`
 */
export async function countColours(device: WorkPerformer, rgba: Uint8Array): Promise<ColourCounts | undefined> {
  const pixels = rgba.length >> 2;
  const counts = new ColourCounts();
  if (pixels === 0) return counts;
  const entries = Math.min(pixels, EXACT_COLOURS);
  const resultBytes = HEADER_BYTES + entries * ENTRY_BYTES;
  let found = new Uint32Array();
  await device.perform({
    deviceBytes: 2 * rgba.length + 2 * resultBytes + COLOURS * 4,
    sent: rgba,
    resultBytes,
    take: (result) => {
      found = new Uint32Array(result.slice().buffer);
    },
    async encode(run, place) {
      const pass = passes(run, [pixels, entries, COLOURS]);
      const bins = await run.storage(COLOURS * 4);
      const result = await run.storage(resultBytes);
      await pass('clearBins', { 2: bins, 3: result }, COLOURS);
      await pass('countColours', { 1: await place({ offset: 0, bytes: pixels * 4 }), 2: bins }, pixels);
      await pass('gatherColours', { 2: bins, 3: result }, COLOURS);
      return result;
    },
  });
  const colours = found[0]!;
  if (colours > EXACT_COLOURS) return undefined;
  for (let at = 2; at < 2 + colours * 2; at += 2) counts.add(found[at]!, found[at + 1]!);
  return counts;
}

function passes(run: DeviceRun, params: readonly number[]) {
  return (entry: string, bindings: Readonly<Record<number, GPUBuffer>>, invocations: number) =>
    run.dispatch(
      { files: ['samples', 'colour-counts'], entry, constants: {} },
      params,
      bindings,
      run.linearGroups(invocations),
    );
}
