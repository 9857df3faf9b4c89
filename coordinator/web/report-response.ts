import type { Context } from 'hono';
import type { PageEnv } from './page-gate.js';

/** A `report.html`, shown in a frame of the page: it has styles and pictures of its own, and nothing in it may run. */
export function reportResponse(c: Context<PageEnv>, html: Uint8Array): Response {
  c.header(
    'content-security-policy',
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox",
  );
  c.header('content-type', 'text/html; charset=utf-8');
  c.header('cache-control', 'no-cache');
  return c.body(new Uint8Array(html));
}
