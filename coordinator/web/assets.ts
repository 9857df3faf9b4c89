import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Hono } from 'hono';
import { HalotileError } from '../../tiling/errors.js';
import type { PageEnv } from './page-gate.js';

/** Where the build puts the page: `dist/web/`. */
const FOLDER = fileURLToPath(new URL('../../web/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
};

/** Serves the page's files. Names in `assets/` hold a hash of their content, so browsers keep them. */
export function addAssets(app: Hono<PageEnv>): void {
  const names = new Set(readdirSync(join(FOLDER, 'assets')));
  app.get('/assets/:name', (c) => {
    const name = c.req.param('name');
    if (!names.has(name)) throw new HalotileError('not-found', { what: 'no such file' });
    c.header('content-type', TYPES[name.split('.').at(-1)!] ?? 'application/octet-stream');
    c.header('cache-control', 'public, max-age=31536000, immutable');
    return c.body(new Uint8Array(readFileSync(join(FOLDER, 'assets', name))));
  });
  const index = readFileSync(join(FOLDER, 'index.html'), 'utf8');
  app.get('/', (c) => {
    c.header('cache-control', 'no-cache');
    return c.html(index);
  });
}
