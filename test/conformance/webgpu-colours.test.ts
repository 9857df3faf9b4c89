import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import { Remap, type Rgb } from '../../tiling/palette/remap.js';
import { countColours } from '../../worker/kernels/webgpu/colour-counts.js';
import { GpuDevice } from '../../worker/kernels/webgpu/gpu-device.js';
import { remapOnDevice } from '../../worker/kernels/webgpu/remap.js';
import { noise } from './box-tiles.js';

const opened = await GpuDevice.open();
if (opened instanceof GpuDevice) {
  after(() => opened.destroy());
  registerTests(opened);
} else test('webgpu colours', { skip: opened.reason }, () => {});

function registerTests(device: GpuDevice): void {
  test('the programs for palettes pass their self-check', async () => {
    assert.ok(await device.passes('colour counts'));
    assert.ok(await device.passes('palette remap'));
  });

  test('colour counts of parts merge to those of the whole', async () => {
    const rgba = randomRgba(70_001, 64);
    const expected = new ColourCounts();
    expected.addRgba(rgba);
    const merged = new ColourCounts();
    for (const part of [rgba.subarray(0, 4 * 13), rgba.subarray(4 * 13, 4 * 40_000), rgba.subarray(4 * 40_000)]) {
      merged.merge((await countColours(device, part))!);
    }
    assert.deepEqual(merged.toBytes(), expected.toBytes());
    assert.equal((await countColours(device, new Uint8Array()))!.pixels, 0);
  });

  test('colour counts are exact to 2^20 colours and left to the processor beyond', async () => {
    const exact = 2 ** 20;
    const rgba = new Uint8Array((exact + 1) * 4);
    for (let i = 0; i <= exact; i++) rgba.set([i >> 16, (i >> 8) & 255, i & 255, 255], i * 4);
    const counted = await countColours(device, rgba.subarray(0, exact * 4));
    assert.equal(counted?.size, exact);
    assert.equal(counted?.cellBits, 8);
    assert.equal(await countColours(device, rgba), undefined);
  });

  test('remapped pixels are those of the processor, with and without a target', async () => {
    const random = noise(5);
    const rgba = randomRgba(20_003, 256);
    const colours = (count: number) =>
      Array.from({ length: count }, (): Rgb => [random(256), random(256), random(256)]);
    for (const [palette, target] of [
      [colours(1), undefined],
      [colours(300), undefined],
      [colours(40), colours(7)],
    ] as const) {
      const remap = new Remap(palette, target);
      const actual = await remapOnDevice(device, rgba, { palette, via: remap.via });
      assert.deepEqual(actual, remap.frame(rgba));
    }
    const opaque = rgba.map((byte, i) => ((i & 3) === 3 ? 255 : byte));
    const remap = new Remap([[0, 0, 0]]);
    const flags = await remapOnDevice(device, opaque, { palette: [[0, 0, 0]], via: remap.via });
    assert.deepEqual([flags.hasTransparent, flags.hasTranslucent], [false, false]);
  });
}

/** Pixels of `levels` levels a channel, a third of them clear. */
function randomRgba(pixels: number, levels: number): Uint8Array {
  const random = noise(11);
  return Uint8Array.from({ length: pixels * 4 }, (_, i) =>
    (i & 3) === 3 ? random(3) * 127 : Math.floor((random(levels) * 255) / (levels - 1)),
  );
}
