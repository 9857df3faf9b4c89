import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { imageOf } from '../conformance/box-tiles.js';
import { assertAccessible, complaintsOf, NO_BROWSER, openBrowser, until } from '../support/browser.js';
import { runEngine } from '../support/engine.js';
import { halotile, startHalotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

/** `halotile view` of each kind of thing, in a real browser. */

const folder = scratchFolder();
const image = join(folder, 'image.tif');
const map = join(folder, 'map.tif');
const SIZE = { width: 700, height: 500 };
const colour = (x: number, y: number, channel: number) => (x * 3 + y * 5 + channel * 70 + ((x * y) >> 6)) & 255;
let browser: Browser | undefined;

before(async () => {
  writeTiff(image, imageOf(SIZE, { dtype: 'uint8', channels: 3 }, colour), { tile: 128 });
  const radius = imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x) => x >> 5);
  writeTiff(map, radius, { tile: 128 });
  browser = await openBrowser();
});
after(() => browser?.close());

/** Views something in a page of 1000 × 900 pixels while `look` runs, and ends it as Ctrl-C does. */
async function viewed(args: readonly string[], look: (page: Page, origin: string) => Promise<void>): Promise<void> {
  const { child, ended } = startHalotile('view', ...args);
  const origin = await Promise.race([
    new Promise<string>((resolve) => {
      child.stdout!.on('data', (text: string) => {
        const match = /: (http:\/\/\S+)\/$/m.exec(text);
        if (match !== null) resolve(match[1]!);
      });
    }),
    ended.then(({ stderr }) => assert.fail(`it ended: ${stderr}`)),
  ]);
  const context = await browser!.newContext({ viewport: { width: 1000, height: 900 } });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  try {
    await page.goto(origin);
    await look(page, origin);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
    child.kill('SIGINT');
  }
  const { code, stderr } = await ended;
  assert.equal(code, 0, stderr);
}

/** A script that says whether the middle of the first picture is drawn. */
const IS_DRAWN = `(() => {
  const canvas = document.querySelector('.osd canvas:not(.tiles)');
  if (canvas === null || canvas.width === 0) return false;
  const { data } = canvas.getContext('2d').getImageData(canvas.width / 2 - 20, canvas.height / 2, 1, 1);
  return data[3] === 255;
})()`;

/** The values that the page tells of the pixel in the middle, and which one that is. */
async function pointed(page: Page, text: RegExp): Promise<{ x: number; y: number; told: string }> {
  await page.locator('.pane').first().hover();
  await page.getByText(text).waitFor();
  const told = (await page.locator('.value').textContent())!;
  const [, x, y] = /^(\d+), (\d+):/.exec(told)!;
  return { x: Number(x), y: Number(y), told };
}

test('a file is drawn, zoomed, and told by the value', { skip: NO_BROWSER }, async () => {
  await viewed([image, '--map', map], async (page) => {
    await until(page, IS_DRAWN);
    const before = await page.locator('.osd').getAttribute('data-zoom');
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await until(page, `Number(document.querySelector('.osd').dataset.zoom) > ${before} * 1.5`);
    const { x, y, told } = await pointed(page, /: +map \d+ +result \d+ \d+ \d+/);
    assert.match(told, new RegExp(`map ${x >> 5} +result ${[0, 1, 2].map((c) => colour(x, y, c)).join(' ')}$`));
    await page.getByRole('radio', { name: 'Side by side' }).check({ force: true });
    await pointed(page, /: +map \d+ +result \d+ \d+ \d+/);
    await assertAccessible(page);
  });
});

test('an unfinished output grows while it is viewed, and becomes the file', { skip: NO_BROWSER }, async () => {
  const spec: JobSpecInput = {
    ...{ image, map, output: join(folder, 'part.tif'), operations: [{ name: 'box' }] },
    ...{ tile: 64, block: 32, compression: { codec: 'deflate' } },
  };
  const interrupt = new AbortController();
  const onProgress = ({ tilesDone }: { tilesDone: number }) => {
    if (tilesDone >= 10) interrupt.abort();
  };
  await assert.rejects(runEngine(spec, { signal: interrupt.signal, onProgress }), { tag: 'interrupted' });
  // Named as the output that it will be.
  await viewed([spec.output], async (page, origin) => {
    await page.getByText(/^[\d.]+ % of the tiles are committed$/).waitFor();
    const { told } = await pointed(page, /: +input \d+ \d+ \d+ +map \d+/);
    assert.match(told, /result (?:not finished|\d+ \d+ \d+)$/);
    await assertAccessible(page);
    await runEngine(spec);
    await page.getByText('% of the tiles').waitFor({ state: 'detached' });
    await page.mouse.move(0, 0);
    const { x, y, told: after } = await pointed(page, /result \d+ \d+ \d+/);
    const at = { left: x, top: y, width: 1, height: 1 };
    const pixel = await sharp(spec.output).extract(at).raw().toBuffer();
    assert.ok(after.endsWith(`result ${[...pixel].join(' ')}`), `${after} against ${pixel.join(' ')}`);
    assert.equal((await fetch(`${origin}/iiif/output/0,0,64,64/max/0/default.png`)).status, 200);
  });
});

test('a report is shown with its pictures', { skip: NO_BROWSER }, async () => {
  const many = join(folder, 'many');
  mkdirSync(many);
  for (const name of ['a', 'b']) copyFileSync(image, join(many, `${name}.tif`));
  const output = join(folder, 'blurred');
  const { code, stderr } = await halotile(
    ...['process', many, '-o', join(output, '{name}.tif'), '--op', 'gaussian:sigma=2', '--quiet', '--threads', '2'],
  );
  assert.equal(code, 0, stderr);
  await viewed([join(output, 'report.json')], async (page) => {
    const report = page.frameLocator('iframe[title="Report"]');
    await report.getByRole('heading', { name: 'b.tif' }).waitFor();
    await page.getByRole('combobox', { name: 'Picture' }).selectOption('b.tif');
    await pointed(page, /^\d+, \d+: +\d+ \d+ \d+$/);
    await assertAccessible(page);
  });
});

test('what cannot be shown is refused at once', async () => {
  const text = join(folder, 'notes.txt');
  writeFileSync(text, 'no image');
  for (const [path, words] of [
    [text, /no image that can be read/],
    [join(folder, 'gone.tif'), /no such file/],
    [folder.replace(/[^/]+$/, 'nothing-here.tif.partial'), /no such file/],
  ] as const) {
    const { code, stderr } = await halotile('view', path);
    assert.equal(code, 2, stderr);
    assert.match(stderr, words);
  }
});
