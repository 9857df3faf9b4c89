import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec, SCENE } from '../cluster/scene-files.js';
import { assertAccessible, complaintsOf, NO_BROWSER, openBrowser, until } from '../support/browser.js';

/** The page in a real browser, and what the server behind it refuses. */

const tokens = [
  { token: 'anna-0123456789abcdef', principal: 'anna', role: 'client' },
  { token: 'bert-0123456789abcdef', principal: 'bert', role: 'client' },
  { token: 'work-0123456789abcdef', principal: 'workers', role: 'worker' },
  { token: 'root-0123456789abcdef', principal: 'operator', role: 'admin' },
] as const;
const [anna, bert, worker, admin] = tokens;
const place = (name: string) => `root:data/${name}`;
/** The grid of the scene has 6 × 5 tiles; the worker never ends this one. */
const HUNG = 15;

let cluster: TestCluster;
let origin: string;
let browser: Browser | undefined;

before(async () => {
  cluster = await TestCluster.start({}, { tokens, web: '127.0.0.1:0', webOrigins: ['https://maps.example'] });
  origin = `http://127.0.0.1:${cluster.coordinator.webPort}`;
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await cluster.close();
});

/** Asks the server as somebody; the status and the body. */
async function ask(
  path: string,
  token = '',
  init: RequestInit = {},
): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
  const headers = { ...(token !== '' && { authorization: `Bearer ${token}` }), ...init.headers };
  const response = await fetch(`${origin}${path}`, { redirect: 'manual', ...init, headers });
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

const CHANGE = { method: 'POST', headers: { 'x-halotile': 'test' } };

test('what a job made is shown by IIIF and as squares of maps, to its principal alone', async () => {
  const computing = await cluster.worker({ roots: true });
  const client = cluster.client;
  const job = await client.submit(blurSpec(place, place('shown.tif'), { compression: { codec: 'none' } }));
  for await (const _ of client.watch(job.id!));
  await computing.end('SIGKILL');
  const id = `${job.id}.output`;
  // The file by libvips, cut and turned by it as well.
  const file = sharp(join(cluster.root, 'shown.tif'));
  const part = await file.clone().extract({ left: 300, top: 200, width: 256, height: 128 }).raw().toBuffer();
  const cases: [string, Buffer][] = [
    [
      '300,200,256,128/max/0/default.png',
      await file.clone().extract({ left: 300, top: 200, width: 256, height: 128 }).raw().toBuffer(),
    ],
    [
      '1300,1000,500,500/max/0/default.png',
      await file.clone().extract({ left: 1300, top: 1000, width: 100, height: 100 }).raw().toBuffer(),
    ],
    [
      '300,200,256,128/max/90/default.png',
      await sharp(part, { raw: { width: 256, height: 128, channels: 3 } })
        .rotate(90)
        .raw()
        .toBuffer(),
    ],
    [
      '300,200,256,128/max/!0/default.png',
      await file.clone().extract({ left: 300, top: 200, width: 256, height: 128 }).flop().raw().toBuffer(),
    ],
  ];
  for (const [path, expected] of cases) {
    const { status, bytes, headers } = await ask(`/iiif/${id}/${path}`, anna.token);
    assert.equal(status, 200, bytes.toString());
    assert.equal(headers.get('content-type'), 'image/png');
    assert.ok((await sharp(bytes).removeAlpha().raw().toBuffer()).equals(expected), path);
  }
  // At zoom 3 the squares are those of level 0; the last one is cut.
  const square = await ask(`/xyz/${id}/3/5/4.png`, anna.token);
  const cut = await file.clone().extract({ left: 1280, top: 1024, width: 120, height: 76 }).raw().toBuffer();
  assert.ok((await sharp(square.bytes).removeAlpha().raw().toBuffer()).equals(cut));
  const { samples } = JSON.parse(String((await ask(`/api/pictures/${id}/value?x=1399&y=1099`, anna.token)).bytes));
  assert.deepEqual(samples, [...cut.subarray(-3)]);

  for (const [path, width, height] of [
    ['full/200,/0/gray.jpg', 200, 157],
    ['square/,110/0/default.webp', 110, 110],
    ['pct:50,50,50,50/!100,100/180/color.png', 100, 79],
    ['full/pct:10/0/bitonal.png', 140, 110],
  ] as const) {
    const picture = await sharp((await ask(`/iiif/${id}/${path}`, anna.token)).bytes).metadata();
    assert.deepEqual([picture.width, picture.height], [width, height], path);
  }
  const info = JSON.parse(String((await ask(`/iiif/${id}/info.json`, anna.token)).bytes));
  assert.deepEqual([info.profile, info.width, info.height], ['level2', SCENE.width, SCENE.height]);
  assert.equal((await ask(`/iiif/${id}`, anna.token)).status, 303);
  for (const path of [
    '0,0,0,5/max/0/default.png',
    'full/max/45/default.png',
    'full/0,/0/default.png',
    'full/max/0/default.gif',
    'full/90000,90000/0/default.png',
    '9000,0,5,5/max/0/default.png',
  ]) {
    const { status } = await ask(`/iiif/${id}/${path}`, anna.token);
    assert.ok(status === 400 || status === 429, `${path}: ${status}`);
  }
  assert.equal((await ask(`/xyz/${id}/3/6/0.png`, anna.token)).status, 404);

  for (const path of [
    `/iiif/${id}/info.json`,
    `/api/jobs/${job.id}`,
    `/api/pictures/${job.id}.input`,
    `/api/jobs/${job.id}/tiles`,
  ]) {
    assert.equal((await ask(path, bert.token)).status, 404, path);
    assert.equal((await ask(path)).status, 401, path);
    assert.equal((await ask(path, worker.token)).status, 401, path);
  }
  assert.equal((await ask(`/iiif/${id}/info.json`, admin.token)).status, 200);
  const listed = JSON.parse(String((await ask('/api/jobs', bert.token)).bytes));
  assert.deepEqual(listed, { jobs: [] });
  const told = String((await ask(`/api/jobs/${job.id}`, anna.token)).bytes);
  assert.match(told, /root:data\/shown\.tif/);
  assert.ok(!told.includes(cluster.directory), 'paths of the coordinator are not shown');
  for (const name of ['../state/queue', '../../etc/passwd', '/etc/passwd', '.hidden']) {
    const picture = `${job.id}.file.${Buffer.from(name).toString('base64url')}`;
    assert.ok([400, 404].includes((await ask(`/api/pictures/${picture}`, anna.token)).status), name);
  }
});

test('other sites get nothing from a browser that is signed in', async () => {
  const job = await cluster.client.submit(blurSpec(place, place('kept.tif'), { tile: 512, block: 512 }));
  const cancel = `/api/jobs/${job.id}/cancel`;
  assert.equal((await ask(cancel, anna.token, { method: 'POST' })).status, 403, 'without the header');
  const headers = { 'x-halotile': 'test', origin: 'https://elsewhere.example' };
  assert.equal((await ask(cancel, anna.token, { method: 'POST', headers })).status, 403, 'from another site');
  assert.equal((await ask(cancel, bert.token, CHANGE)).status, 404, 'by another principal');
  const session = await ask('/api/session', '', { ...CHANGE, body: JSON.stringify({ token: anna.token }) });
  assert.equal(session.status, 204, cluster.log.slice(-3).join('\n'));
  assert.match(session.headers.get('set-cookie')!, /HttpOnly.*SameSite=Strict/);
  const cookie = session.headers.get('set-cookie')!.split(';')[0]!;
  assert.equal((await ask('/api/jobs', '', { headers: { cookie } })).status, 200);
  assert.equal(
    (await ask('/api/session', '', { method: 'DELETE', headers: { cookie, 'x-halotile': 'test' } })).status,
    204,
  );
  assert.equal((await ask('/api/jobs', '', { headers: { cookie } })).status, 401);

  const foreign = await ask(`/iiif/${job.id}.input/info.json`, anna.token, {
    headers: { origin: 'https://maps.example' },
  });
  assert.equal(foreign.headers.get('access-control-allow-origin'), 'https://maps.example');
  const list = await ask('/api/jobs', anna.token, { headers: { origin: 'https://maps.example' } });
  assert.equal(list.status, 403, 'only pictures are for others');
  const { headers: shield } = await ask('/');
  assert.match(shield.get('content-security-policy')!, /default-src 'none'.*frame-ancestors 'none'/);
  const body = JSON.stringify({ token: 'x'.repeat(8000) });
  assert.equal((await ask('/api/session', '', { ...CHANGE, body })).status, 429);

  cluster.coordinator.renew({ tokens: [admin] });
  assert.equal((await ask('/api/jobs', anna.token)).status, 401, 'a token that was taken away');
  cluster.coordinator.renew({ tokens });
  assert.equal((await ask(cancel, anna.token, CHANGE)).status, 200);
});

test('a job is watched, swiped, zoomed and cancelled in a browser', { skip: NO_BROWSER }, async () => {
  const hung = await cluster.worker({ fault: `hang:${HUNG}`, roots: true, threads: 2 });
  const job = (await cluster.client.submit(blurSpec(place, place('watched.tif'), { tile: 256, block: 256 })))!;
  const context = await browser!.newContext({ viewport: { width: 1100, height: 900 } });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints = complaintsOf(page);

  await page.goto(`${origin}/`);
  await page.getByLabel('Token').fill('nobody-0123456789abcdef');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('No caller has this token.').waitFor();
  await assertAccessible(page);
  await page.getByLabel('Token').fill(anna.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'watched.tif' }).click();
  await page.getByText(/29 of \d+ tiles/).waitFor();

  // All tiles but one are there: over them nothing lies, over the one that runs its colour does.
  await until(
    page,
    overlayIs([
      [29, false],
      [HUNG, true],
    ]),
  );
  await assertAccessible(page);

  // The line moves by keyboard, and the result ends at it.
  const line = page.getByRole('slider', { name: /Swipe line/ });
  await line.fill('0.9');
  await until(page, `document.querySelector('.line')?.style.left === '90%'`);
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await until(page, `Number(document.querySelector('.osd').dataset.zoom) > 1.5`);
  await page.getByRole('radio', { name: 'Side by side' }).check({ force: true });
  await page.locator('figcaption', { hasText: 'Map' }).waitFor();

  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('.state.cancelled').waitFor();
  await page.getByRole('button', { name: 'Retry' }).waitFor();
  assert.equal((await cluster.client.get(job.id!)).principal, 'anna');
  await hung.end('SIGKILL');

  await cluster.worker({ roots: true });
  await page.getByRole('button', { name: 'Retry' }).click();
  await page.locator('.state.succeeded').waitFor();
  await page.getByRole('heading', { name: 'Where the time went' }).waitFor();
  await page.locator('.pane').hover();
  await page.getByText(/\d+, \d+: +input [\d ]+map \d+ +result [\d ]+/).waitFor();
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 800 });
  await assertAccessible(page);
  assert.equal(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'), true);
  await page.getByRole('link', { name: 'Workers' }).click();
  await page.getByText('1 connected').waitFor();
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Sign out anna' }).click();
  await page.getByLabel('Token').waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

/** A script that says whether colours lie over the middles of tiles of 256 pixels as expected; the whole picture is shown. */
function overlayIs(tiles: readonly (readonly [tile: number, isCovered: boolean])[]): string {
  return `(() => {
    const canvas = document.querySelector('canvas.tiles');
    if (canvas === null || canvas.width === 0) return false;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const [wide, high] = [${SCENE.width}, ${SCENE.height}];
    const scale = Math.min(canvas.width / wide, canvas.height / high);
    const isCovered = (tile) => {
      const x = Math.min(wide - 8, ((tile % 6) + 0.5) * 256) * scale + (canvas.width - wide * scale) / 2;
      const y = Math.min(high - 8, (Math.floor(tile / 6) + 0.5) * 256) * scale + (canvas.height - high * scale) / 2;
      return data[(Math.round(y) * canvas.width + Math.round(x)) * 4 + 3] > 0;
    };
    return ${JSON.stringify(tiles)}.every(([tile, covered]) => isCovered(tile) === covered);
  })()`;
}
