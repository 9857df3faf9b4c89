import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { GpuDevice } from '../../worker/kernels/webgpu/chain/gpu-device.js';
import type { DeviceWork } from '../../worker/kernels/webgpu/device/device-work.js';

const MIB = 2 ** 20;

const opened = await GpuDevice.open(64 * MIB);
if (opened instanceof GpuDevice) {
  after(() => opened.destroy());
  registerTests(opened);
} else test('work on a GPU', { skip: opened.reason }, () => {});

/** Copies bytes in and out again; `encoding` and `taken` hear when it begins and ends. */
function echo(
  sent: Uint8Array,
  {
    deviceBytes = MIB,
    encoding,
    taken,
  }: { deviceBytes?: number; encoding?: () => Promise<void>; taken?: () => void } = {},
): DeviceWork & { readonly received: Uint8Array } {
  const received = new Uint8Array(sent.length);
  return {
    deviceBytes,
    sent,
    resultBytes: sent.length,
    received,
    take(result) {
      received.set(result);
      taken?.();
    },
    async encode(_run, place) {
      const buffer = await place({ offset: 0, bytes: sent.length });
      await encoding?.();
      return buffer;
    },
  };
}

function registerTests(device: GpuDevice): void {
  test('several tiles are in flight at once', async () => {
    // Each waits until all have begun: one after the other, none would ever end.
    let begun = 0;
    let go = () => {};
    const all = new Promise<void>((resolve) => {
      go = resolve;
    });
    const works = [1, 2, 3].map((value) =>
      echo(new Uint8Array(8).fill(value), {
        async encoding() {
          if (++begun === 3) go();
          await all;
        },
      }),
    );
    await Promise.all(works.map((work) => device.perform(work)));
    assert.deepEqual(
      works.map(({ received }) => received[7]),
      [1, 2, 3],
    );
  });

  test('what exceeds the memory budget together runs one after the other', async () => {
    const events: string[] = [];
    const works = ['a', 'b'].map((name) =>
      echo(new Uint8Array(4), {
        deviceBytes: 40 * MIB,
        async encoding() {
          events.push(`${name} begins`);
        },
        taken: () => events.push(`${name} ends`),
      }),
    );
    await Promise.all(works.map((work) => device.perform(work)));
    assert.deepEqual(events, ['a begins', 'a ends', 'b begins', 'b ends']);
  });

  test('more than the whole budget is refused before anything is allocated', async () => {
    await assert.rejects(device.perform(echo(new Uint8Array(4), { deviceBytes: 65 * MIB })), { tag: 'over-limit' });
  });

  test('an allocation that the device refuses is tried alone, and leaves a device that works', async () => {
    const roomy = await GpuDevice.open(2 ** 50);
    assert.ok(roomy instanceof GpuDevice);
    try {
      let tries = 0;
      const impossible: DeviceWork = {
        ...echo(new Uint8Array(4)),
        encode(run) {
          tries++;
          return run.storage(2 ** 45);
        },
      };
      await assert.rejects(roomy.perform(impossible), { tag: 'over-limit' });
      assert.equal(tries, 2);
      const work = echo(Uint8Array.of(1, 2, 3, 4, 5));
      await roomy.perform(work);
      assert.deepEqual([...work.received], [1, 2, 3, 4, 5]);
    } finally {
      roomy.destroy();
    }
  });

  test('the device times its copies and passes', { skip: !device.opened.timestamps && 'no timestamps' }, async () => {
    const seconds = await device.perform(echo(new Uint8Array(8 * MIB), { deviceBytes: 32 * MIB }));
    const { upload, compute, download } = seconds;
    assert.ok(upload > 0 && download > 0 && compute >= 0, JSON.stringify(seconds));
    // Coarse clocks count in steps of 2^16 ns, longer than many a pass.
    assert.ok([upload, compute, download].some((each) => Math.round(each * 1e9) % 2 ** 16 !== 0));
  });

  test('work that waits for memory when the device is lost fails as a tile that is tried again', async () => {
    const doomed = await GpuDevice.open(MIB);
    assert.ok(doomed instanceof GpuDevice);
    const works = [1, 2, 3].map(() => doomed.perform(echo(new Uint8Array(64), { deviceBytes: MIB })));
    doomed.destroy();
    for (const work of works) await assert.rejects(work, { tag: 'tile-failed' });
  });
}
