import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { SchedulesClient } from '../../library/cluster/schedules-client.js';
import { writeJobSpec } from '../../proto/convert/job-spec.js';
import { collectionSpecSchema } from '../../tiling/job/collection-spec.js';
import { datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { makeDataset } from '../cluster/dataset-files.js';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec } from '../cluster/scene-files.js';
import { imageOf } from '../conformance/box-tiles.js';
import { assertAccessible, complaintsOf, NO_BROWSER, openBrowser } from '../support/browser.js';
import { missingCommands, quietly } from '../support/installed.js';
import { halotile } from '../support/run-halotile.js';
import { writeTiff } from '../support/tiff-file.js';

const NO_TIFFCP = missingCommands(['tiffcp', '-h']);

/** What the page shows beside jobs of one image: schedules, datasets with their palettes, collections. */

const tokens = [
  { token: 'anna-0123456789abcdef', principal: 'anna', role: 'client' },
  { token: 'bert-0123456789abcdef', principal: 'bert', role: 'client' },
  { token: 'work-0123456789abcdef', principal: 'workers', role: 'worker' },
  { token: 'root-0123456789abcdef', principal: 'operator', role: 'admin' },
] as const;
const [anna, bert, , admin] = tokens;

let cluster: TestCluster;
let origin: string;
let browser: Browser | undefined;
let schedules: SchedulesClient;

before(async () => {
  cluster = await TestCluster.start({}, { tokens, web: '127.0.0.1:0' });
  origin = `http://127.0.0.1:${cluster.coordinator.webPort}`;
  schedules = new SchedulesClient({ address: cluster.address, token: anna.token });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  schedules.close();
  await cluster.close();
});

function ask(path: string, token: string, method = 'GET'): Promise<Response> {
  return fetch(`${origin}/api/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'x-halotile': 'test' },
  });
}

async function createNightly(): Promise<void> {
  const spec = writeJobSpec(blurSpec((name) => `root:data/${name}`, 'root:data/{date}-{run}.tif'));
  await schedules.create({ id: 'nightly', cron: '0 2 1 1 *', timeZone: 'Europe/Berlin', spec });
}

test('schedules are shown to their owner and to admins, who pause, resume and run them', async () => {
  await createNightly();
  const listed = async (token: string) =>
    ((await (await ask('schedules', token)).json()) as { schedules: Record<string, unknown>[] }).schedules;
  assert.deepEqual(await listed(bert.token), []);
  const [nightly] = await listed(anna.token);
  const { id, principal, paused, output, chain, runs } = nightly!;
  assert.deepEqual(
    { id, principal, paused, output, chain, runs },
    { id: 'nightly', principal: 'anna', paused: false, output: 'root:data/{date}-{run}.tif', chain: 'box', runs: [] },
  );
  for (const what of ['pause', 'resume', 'run']) {
    assert.equal((await ask(`schedules/nightly/${what}?principal=anna`, bert.token, 'POST')).status, 404, what);
  }
  assert.equal((await ask('schedules/nightly/pause?principal=bert', admin.token, 'POST')).status, 404);
  const after = await ask('schedules/nightly/pause?principal=anna', admin.token, 'POST');
  assert.equal(((await after.json()) as { paused: boolean }).paused, true);
  assert.equal((await schedules.get('nightly')).paused, true);
  assert.ok(cluster.log.some((line) => line.includes('pause schedule') && line.includes('operator')));
});

async function signedIn(route: string): Promise<Page> {
  const context = await browser!.newContext({ viewport: { width: 1100, height: 900 } });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  await page.goto(`${origin}/#${route}`);
  await page.getByLabel('Token').fill(anna.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  return page;
}

/** Light and wide, dark and narrow. */
async function assertFits(page: Page): Promise<void> {
  await assertAccessible(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 800 });
  await assertAccessible(page);
  assert.equal(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'), true);
}

test('a schedule is run, paused and resumed on the page', { skip: NO_BROWSER }, async () => {
  await createNightly();
  const page = await signedIn('/schedules');
  const complaints = complaintsOf(page);
  await page.getByText(/^Next run .*1:00/).waitFor();
  await page.getByRole('button', { name: 'Pause nightly' }).click();
  await page.getByText('No next run while it is paused').waitFor();
  await page.getByRole('button', { name: 'Run now: nightly' }).click();
  await page.getByRole('link', { name: 'Run 1' }).waitFor();
  await page.getByRole('button', { name: 'Resume nightly' }).click();
  await page.getByText(/^Next run /).waitFor();
  await assertFits(page);
  await page.getByRole('link', { name: 'Run 1' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('.state.cancelled').waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a dataset shows its palettes and report, a collection its report and images', { skip: NO_BROWSER }, async () => {
  await cluster.worker({ roots: true });
  await makeDataset(join(cluster.root, 'frames'), ['knight', 'witch'], 2);
  mkdirSync(join(cluster.root, 'many'));
  for (const name of ['a', 'b'])
    await sharp({ create: { width: 200, height: 150, channels: 3, background: name === 'a' ? 'teal' : 'olive' } })
      .png()
      .toFile(join(cluster.root, 'many', `${name}.png`));
  const dataset = datasetSpecSchema.parse({
    ...{ frames: ['root:data/frames/list.csv'], output: 'root:data/palettes', size: { width: 32, height: 45 } },
  });
  const collection = collectionSpecSchema.parse({
    ...{ images: ['root:data/many/*.png'], output: 'root:data/soft/{name}.tif' },
    operations: [{ name: 'gaussian', params: { sigma: 2 } }],
  });
  for (const spec of [dataset, collection]) {
    const { id } = await cluster.client.submit(spec);
    for await (const _ of cluster.client.watch(id!));
  }
  const tokenFile = join(cluster.directory, 'anna.token');
  writeFileSync(tokenFile, anna.token);
  const { stdout } = await halotile('jobs', '--coordinator', cluster.address, '--token-file', tokenFile);
  assert.match(stdout, /root:data\/soft\/\{name\}\.tif/);
  const page = await signedIn('/');
  const complaints = complaintsOf(page);
  await page.getByRole('link', { name: 'palettes' }).click();
  await page.getByRole('img', { name: /^Colours of knight: #[0-9a-f]{6}/ }).waitFor();
  await page.frameLocator('iframe[title="Report"]').getByRole('heading', { name: 'witch' }).waitFor();
  await page.getByRole('button', { name: 'knight/000.png' }).click();
  await page.getByRole('application', { name: /knight\/000\.png/ }).waitFor();
  await assertFits(page);
  await page.getByRole('link', { name: 'Jobs' }).first().click();
  await page.getByRole('link', { name: 'soft/{name}.tif' }).click();
  await page.frameLocator('iframe[title="Report"]').getByRole('heading', { name: 'b.png' }).waitFor();
  await page.getByRole('button', { name: 'b.tif' }).click();
  await page.getByRole('application', { name: /b\.tif/ }).waitFor();
  await assertFits(page);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('the input is shown as its job reads it: upright, and the page that was chosen', { skip: NO_TIFFCP }, async () => {
  const plain = { create: { width: 90, height: 60, channels: 3, background: 'teal' } } as const;
  const upright = join(cluster.root, 'camera.jpg');
  await sharp(plain).jpeg().withMetadata({ orientation: 6 }).toFile(upright);
  const pages = [40, 25].map((width) => {
    const path = join(cluster.root, `${width}.tif`);
    writeTiff(
      path,
      imageOf({ width, height: 20 }, { dtype: 'uint8', channels: 1 }, (x) => x),
    );
    return path;
  });
  quietly('tiffcp', [...pages, join(cluster.root, 'pages.tif')], /Warning/);
  const shown = async (image: string, options: object) => {
    const spec = jobSpecSchema.parse({
      ...{ image: `root:data/${image}`, output: `root:data/shown-${image}.tif`, ...options },
      operations: [{ name: 'box', params: { radius: 1 } }],
    });
    const { id } = await cluster.client.submit(spec);
    const { width, height } = (await (await ask(`pictures/${id}.input`, anna.token)).json()) as Record<string, number>;
    await cluster.client.cancel(id!);
    return [width, height];
  };
  assert.deepEqual(await shown('camera.jpg', { orient: 'apply' }), [60, 90]);
  assert.deepEqual(await shown('camera.jpg', {}), [90, 60]);
  assert.deepEqual(await shown('pages.tif', { page: 2 }), [25, 20]);
});
