import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatSeconds, formatWhole } from '../../cli/format.js';
import { createProgress, progressLine } from '../../cli/progress.js';

/** A terminal that keeps what was written, under a clock that the test moves. */
function terminal(isTTY: boolean, columns = 200) {
  const written: string[] = [];
  const clock = { ms: 5000 };
  const stream = {
    isTTY,
    columns,
    write: (text: string | Uint8Array) => written.push(String(text)) > 0,
  };
  return { stream, written, clock, nowMs: () => clock.ms };
}

test('the bar shows share, rates and time left', () => {
  const line = progressLine({ pixels: 50e6, totalPixels: 200e6, bytes: 400e6, label: 'blur' }, { seconds: 2 });
  assert.equal(line, 'blur [██████░░░░░░░░░░░░░░░░░░]   25%  25.0 Mpx/s  200 MB/s  6.00 s left');
});

test('pixels of an earlier run count as done but not as speed', () => {
  const line = progressLine({ pixels: 150e6, totalPixels: 200e6, resumedPixels: 100e6 }, { seconds: 2 });
  assert.match(line, / 75% {2}25\.0 Mpx\/s {2}2\.00 s left$/);
});

test('nothing done yet gives no rate, all done no time left', () => {
  assert.match(progressLine({ pixels: 0, totalPixels: 10 }, { seconds: 0 }), /\] {4}0%$/);
  assert.match(progressLine({ pixels: 10, totalPixels: 10 }, { seconds: 1 }), /\] {2}100% {2}0\.0 Mpx\/s$/);
});

test('a terminal is redrawn at most ten times a second, and always at the end', () => {
  const { stream, written, clock, nowMs } = terminal(true);
  const progress = createProgress({ stream, quiet: false, nowMs });
  for (let tile = 1; tile <= 100; tile++) {
    clock.ms += 10;
    progress.update({ pixels: tile, totalPixels: 100 });
  }
  assert.equal(written.length, 11);
  assert.match(written.at(-1)!, /100%/);
  progress.clear();
  assert.equal(written.at(-1), '\r\x1b[2K');
});

test('a narrow terminal never wraps', () => {
  const { stream, written, nowMs } = terminal(true, 20);
  createProgress({ stream, quiet: false, nowMs }).update({ pixels: 1, totalPixels: 2 });
  assert.ok(written[0]!.replace('\r\x1b[2K', '').length < 20);
});

test('without a terminal a line every ten seconds, and none of a short job', () => {
  const { stream, written, clock, nowMs } = terminal(false);
  const progress = createProgress({ stream, quiet: false, nowMs });
  for (let second = 1; second <= 25; second++) {
    clock.ms += 1000;
    progress.update({ pixels: second * 10e6, totalPixels: 250e6, label: 'images 1/2' });
  }
  progress.clear();
  assert.deepEqual(written, [
    'halotile: images 1/2  40%  10.0 Mpx/s  15.0 s left\n',
    'halotile: images 1/2  80%  10.0 Mpx/s  5.00 s left\n',
  ]);
});

test('silent where nothing is due yet, or with quiet', () => {
  for (const [isTTY, quiet] of [
    [false, false],
    [true, true],
  ] as const) {
    const { stream, written, nowMs } = terminal(isTTY);
    const progress = createProgress({ stream, quiet, nowMs });
    progress.update({ pixels: 1, totalPixels: 1 });
    progress.clear();
    assert.deepEqual(written, []);
  }
});

test('numbers are short and never round up into the next unit', () => {
  assert.deepEqual([0, 1, 1023, 1024, 1536, 675 * 2 ** 20, 1023.9 * 2 ** 20].map(formatBytes), [
    '0 B',
    '1 B',
    '1023 B',
    '1.00 KiB',
    '1.50 KiB',
    '675 MiB',
    '1.00 GiB',
  ]);
  assert.deepEqual([0, 0.0849, 0.9999, 1.834, 59.96, 125, 3599.7, 12000].map(formatSeconds), [
    '0 ms',
    '85 ms',
    '1.00 s',
    '1.83 s',
    '1 min 00 s',
    '2 min 05 s',
    '1 h 00 min',
    '3 h 20 min',
  ]);
  assert.equal(formatWhole(225000000), '225 000 000');
});
