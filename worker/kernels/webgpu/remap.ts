import type { RemappedFrame, Rgb } from '../../../tiling/palette/remap.js';
import type { WorkPerformer } from './colour-counts.js';

const FLAGS_BYTES = 4;
const TRANSPARENT = 1;
const TRANSLUCENT = 2;

/** A palette, and what each of its colours becomes: `Remap.via`. */
export interface RemapColours {
  readonly palette: readonly Rgb[];
  readonly via: Uint16Array;
}

/**
 * Interleaved 8-bit RGBA in the nearest colours of a palette, by index: what `Remap.frame` gives.
 * @throws as `GpuDevice.perform`
 */
export async function remapOnDevice(
  device: WorkPerformer,
  rgba: Uint8Array,
  { palette, via }: RemapColours,
): Promise<RemappedFrame> {
  const pixels = rgba.length >> 2;
  const indices = new Uint16Array(pixels);
  if (pixels === 0) return { indices, hasTransparent: false, hasTranslucent: false };
  const colours = Uint32Array.from(palette.flatMap(([r, g, b], i) => [r | (g << 8) | (b << 16), via[i]!]));
  const sent = new Uint8Array(colours.byteLength + pixels * 4);
  sent.set(new Uint8Array(colours.buffer));
  sent.set(rgba.subarray(0, pixels * 4), colours.byteLength);
  const resultBytes = FLAGS_BYTES + Math.ceil(pixels / 2) * 4;
  let flags = 0;
  await device.perform({
    deviceBytes: 2 * sent.length + 2 * resultBytes,
    sent,
    resultBytes,
    take: (result) => {
      flags = result[0]!;
      new Uint8Array(indices.buffer).set(result.subarray(FLAGS_BYTES, FLAGS_BYTES + pixels * 2));
    },
    async encode(run, place) {
      const params = [pixels, palette.length, 0];
      const program = (entry: string) => ({ files: ['samples', 'remap'], entry, constants: {} });
      const result = await run.storage(resultBytes);
      await run.dispatch(program('clearFlags'), params, { 3: result }, [1, 1]);
      await run.dispatch(
        program('remap'),
        params,
        {
          1: await place({ offset: colours.byteLength, bytes: pixels * 4 }),
          2: await place({ offset: 0, bytes: colours.byteLength }),
          3: result,
        },
        run.linearGroups(Math.ceil(pixels / 2)),
      );
      return result;
    },
  });
  return { indices, hasTransparent: (flags & TRANSPARENT) !== 0, hasTranslucent: (flags & TRANSLUCENT) !== 0 };
}
