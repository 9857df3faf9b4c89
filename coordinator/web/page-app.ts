import { Hono } from 'hono';
import { z } from 'zod';
import type { PageError, PageSession, ShownThing } from '../../proto/page/messages.js';
import { ERROR_TABLE } from '../../tiling/error-table.js';
import { badUsage, HalotileError, sentenceOf } from '../../tiling/errors.js';
import { type NameOfFile, textOf } from '../../tiling/words.js';
import { addAssets } from './assets.js';
import { NotSignedIn, type PageEnv, type PageGate } from './page-gate.js';

/** What every page has, whatever it shows. */
export interface PageAppOptions {
  readonly gate: PageGate;
  readonly mode: PageSession['mode'];
  readonly version: string;
  readonly shown?: ShownThing;
  /** Puts the names that callers use in place of this machine's paths. */
  readonly nameOf: NameOfFile;
  readonly log: (line: string) => void;
}

const MAX_BODY_BYTES = 4096;
const signIn = z.strictObject({ token: z.string().min(1).max(1024) });

const STATUS = {
  INVALID_ARGUMENT: 400,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  FAILED_PRECONDITION: 409,
  ABORTED: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  UNAVAILABLE: 503,
  CANCELLED: 503,
  DATA_LOSS: 500,
  INTERNAL: 500,
} as const satisfies Record<(typeof ERROR_TABLE)[keyof typeof ERROR_TABLE]['grpc'], number>;

/** The page's files, sessions and errors; what it shows is added by others. */
export function pageApp(options: PageAppOptions): Hono<PageEnv> {
  const { gate, mode, version, shown, nameOf, log } = options;
  const app = new Hono<PageEnv>();
  app.use(gate.shield);
  app.onError((error, c) => {
    if (!(error instanceof HalotileError)) log(`page: internal error: ${error.stack}`);
    const known = error instanceof HalotileError ? error : new HalotileError('tile-failed', { what: 'internal error' });
    const body: PageError = { tag: known.tag, message: textOf(sentenceOf(known.detail), nameOf) };
    if (known instanceof NotSignedIn) c.header('www-authenticate', 'Bearer realm="halotile"');
    c.header('cache-control', 'no-store');
    return c.json(body, known instanceof NotSignedIn ? 401 : STATUS[ERROR_TABLE[known.tag].grpc]);
  });
  app.notFound(() => {
    throw new HalotileError('not-found', { what: 'no such page' });
  });

  app.get('/api/session', (c) => {
    const caller = gate.identify(c);
    const session: PageSession = {
      ...{ mode, version, tokens: gate.tokens },
      ...(caller && { caller: { principal: caller.principal, role: caller.role }, ...(shown && { shown }) }),
    };
    c.header('cache-control', 'no-store');
    return c.json(session);
  });

  app.post('/api/session', async (c) => {
    // A body whose length is not told could go on for ever.
    if (!(Number(c.req.header('content-length') ?? Number.NaN) <= MAX_BODY_BYTES)) {
      throw new HalotileError('over-limit', { what: 'the body is too large', expected: `${MAX_BODY_BYTES} bytes` });
    }
    const parsed = signIn.safeParse(await c.req.json().catch(() => undefined));
    if (!parsed.success) throw badUsage({ what: 'no token in the body', expected: '{"token": "…"}' });
    if (gate.signIn(c, parsed.data.token) === undefined) throw new NotSignedIn();
    return c.body(null, 204);
  });

  app.delete('/api/session', (c) => {
    gate.signOut(c);
    return c.body(null, 204);
  });

  addAssets(app);
  return app;
}
