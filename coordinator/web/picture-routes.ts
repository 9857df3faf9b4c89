import type { Context, Hono } from 'hono';
import type { PageInfo } from '../../proto/page/messages.js';
import { badUsage, HalotileError } from '../../tiling/errors.js';
import { iiifInfo, XYZ_SIDE, xyzMaxZoom } from '../../tiling/view/iiif.js';
import { PICTURE_FORMATS } from '../../tiling/view/render.js';
import { PICTURE_STYLES } from '../../tiling/view/tone.js';
import type { Caller } from '../api/access.js';
import { isThere } from './moved-output.js';
import type { PageEnv, PageGate } from './page-gate.js';
import type { Look, PicturePlace } from './picture-thread.js';
import type { Pictures } from './pictures.js';

/** What the picture routes answer from. */
export interface PictureRoutesOptions {
  readonly gate: PageGate;
  readonly pictures: Pictures;
  /** Where a picture lies. @throws not-found where there is none that the caller may see */
  readonly placeOf: (id: string, caller: Caller) => Promise<PicturePlace>;
}

const MEDIA = { png: 'image/png', jpg: 'image/jpeg', webp: 'image/webp' } as const;

/** Pictures by the IIIF Image API (3.0, level 2), as squares of web maps, and their samples. */
export function addPictureRoutes(app: Hono<PageEnv>, { gate, pictures, placeOf }: PictureRoutesOptions): void {
  const look = async <T>(c: Context<PageEnv>, ask: (place: PicturePlace) => Promise<T>): Promise<T> => {
    const place = await placeOf(c.req.param('id')!, c.get('caller'));
    try {
      return await ask(place);
    } catch (error) {
      // It was finished in between: its parts are gone and the file is there.
      if (isThere(place)) throw error;
      return ask(await placeOf(c.req.param('id')!, c.get('caller')));
    }
  };

  app.get('/api/pictures/:id', gate.caller, async (c) => {
    const { own, map, ...facts } = await look(c, (place) => pictures.describe(place));
    const info: PageInfo = {
      id: c.req.param('id'),
      ...facts,
      ...{ low: own.low, high: own.high, mapLow: map.low, mapHigh: map.high },
    };
    c.header('cache-control', 'no-store');
    return c.json(info);
  });

  app.get('/api/pictures/:id/value', gate.caller, async (c) => {
    const x = wholeNumber(c.req.query('x'), 'x');
    const y = wholeNumber(c.req.query('y'), 'y');
    const samples = await look(c, (place) => pictures.values(place, x, y));
    c.header('cache-control', 'no-store');
    // JSON has no NaN.
    return c.json({ x, y, samples: samples?.map((value) => (Number.isFinite(value) ? value : String(value))) ?? null });
  });

  app.get('/iiif/:id', (c) => c.redirect(`/iiif/${encodeURIComponent(c.req.param('id'))}/info.json`, 303));

  app.get('/iiif/:id/info.json', gate.caller, async (c) => {
    const facts = await look(c, (place) => pictures.describe(place));
    const wanted = c.req.header('accept')?.includes('application/ld+json');
    c.header(
      'content-type',
      wanted
        ? 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'
        : 'application/json; charset=utf-8',
    );
    c.header('cache-control', 'no-cache');
    const { origin } = new URL(c.req.url);
    const id = `${origin}/iiif/${encodeURIComponent(c.req.param('id'))}`;
    return c.body(JSON.stringify(iiifInfo(id, facts, facts.tileSide)));
  });

  app.get('/iiif/:id/:region/:size/:rotation/:name', gate.caller, async (c) => {
    const { region, size, rotation, name } = c.req.param();
    const of = { iiif: { region, size, rotation, name } };
    return send(c, await look(c, (place) => pictures.part(place, of, lookOf(c))));
  });

  app.get('/xyz/:id/tiles.json', gate.caller, async (c) => {
    const facts = await look(c, (place) => pictures.describe(place));
    const { origin } = new URL(c.req.url);
    const id = encodeURIComponent(c.req.param('id'));
    return c.json({
      tilejson: '3.0.0',
      tiles: [`${origin}/xyz/${id}/{z}/{x}/{y}.png`],
      ...{ minzoom: 0, maxzoom: xyzMaxZoom(facts), tileSize: XYZ_SIDE, width: facts.width, height: facts.height },
    });
  });

  app.get('/xyz/:id/:z/:x/:name', gate.caller, async (c) => {
    const [, row, ending] = /^(\d{1,10})\.([a-z]+)$/.exec(c.req.param('name')) ?? [];
    const format = PICTURE_FORMATS.find((each) => each === ending);
    if (format === undefined)
      throw badUsage({ what: 'no square of a map', expected: `Z/X/Y.${PICTURE_FORMATS.join('|')}` });
    const xyz = [wholeNumber(c.req.param('z'), 'z'), wholeNumber(c.req.param('x'), 'x'), Number(row)] as const;
    return send(c, await look(c, (place) => pictures.part(place, { xyz, format }, lookOf(c))));
  });
}

function send(c: Context<PageEnv>, { bytes, format }: { bytes: Uint8Array; format: string }): Response {
  c.header('content-type', MEDIA[format as keyof typeof MEDIA]);
  // The page names the state that it knows of in `v`: the same address gives the same picture.
  c.header('cache-control', c.req.query('v') === undefined ? 'no-cache' : 'private, max-age=3600');
  return c.body(new Uint8Array(bytes));
}

function lookOf(c: Context<PageEnv>): Look {
  const { style = 'own', low, high } = c.req.query();
  const known = PICTURE_STYLES.find((each) => each === style);
  if (known === undefined)
    throw badUsage({ what: `the style '${style.slice(0, 80)}' is none`, expected: PICTURE_STYLES.join(', ') });
  if (low === undefined && high === undefined) return { style: known };
  const range = { low: Number(low), high: Number(high) };
  if (Number.isFinite(range.low) && Number.isFinite(range.high)) return { style: known, range };
  throw badUsage({ what: 'low and high are no numbers', expected: 'both, in values of the picture' });
}

function wholeNumber(text: string | undefined, name: string): number {
  if (text !== undefined && /^\d{1,10}$/.test(text)) return Number(text);
  throw new HalotileError('bad-usage', { what: `${name} is no whole number`, expected: '0 or more' });
}
