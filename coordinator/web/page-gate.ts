import { randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { HttpBindings } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { HalotileError } from '../../tiling/errors.js';
import { Access, type AccessRules, type Caller } from '../api/access.js';
import type { Audit } from '../api/audit.js';

/** What handlers find in their context. */
export interface PageEnv {
  readonly Bindings: HttpBindings;
  readonly Variables: { readonly caller: Caller };
}

/** Who may look, from where. */
export interface PageGateOptions {
  readonly access: AccessRules;
  readonly audit: Audit;
  /** Whether only this machine reaches the server. */
  readonly loopback: boolean;
  readonly secure: boolean;
  /** Other sites whose pages may read pictures, as `https://host`. */
  readonly origins: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

const COOKIE = 'halotile';
const SESSION_MS = 12 * 3600_000;
const MAX_SESSIONS = 1000;
/** A page of another site cannot send it without asking first, which this server never grants. */
const HEADER = 'x-halotile';
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** What every answer says; scripts, styles and pictures come from here alone. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "connect-src 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

interface Session {
  readonly token: string;
  readonly endsMs: number;
}

/** Lets callers of the page in: by session, by bearer token, by certificate, or anybody where gRPC lets anybody in. */
export class PageGate {
  readonly #options: PageGateOptions;
  readonly #access: Access;
  readonly #sessions = new Map<string, Session>();
  #hasTokens: boolean;

  constructor(options: PageGateOptions) {
    this.#options = options;
    this.#access = new Access(options.access);
    this.#hasTokens = hasTokens(options.access);
  }

  /** Whether there are tokens to give. */
  get tokens(): boolean {
    return this.#hasTokens;
  }

  renew(access: AccessRules): void {
    this.#access.renew(access);
    this.#hasTokens = hasTokens(access);
  }

  /** Headers for every answer, and refusal of what other sites' pages ask for. */
  readonly shield: MiddlewareHandler<PageEnv> = async (c, next) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    const { loopback, origins } = this.#options;
    const host = c.req.header('host') ?? '';
    // A name of another site that leads to this machine would make its pages ours.
    if (loopback && !LOOPBACK_HOST.test(host)) throw refused(`this address is called localhost, not ${host}`);
    const origin = c.req.header('origin');
    const own = origin === undefined || origin === `${this.#options.secure ? 'https' : 'http'}://${host}`;
    const known = origin !== undefined && origins.includes(origin);
    const reads = /^\/(?:iiif|xyz)\//.test(c.req.path) && /^(?:GET|HEAD|OPTIONS)$/.test(c.req.method);
    if (known && reads) {
      c.header('access-control-allow-origin', origin);
      c.header('access-control-allow-headers', 'authorization');
      c.header('vary', 'origin');
      c.header('cross-origin-resource-policy', 'cross-origin');
      if (c.req.method === 'OPTIONS') return c.body(null, 204);
    } else {
      const site = c.req.header('sec-fetch-site');
      const opensPage = c.req.header('sec-fetch-mode') === 'navigate' && c.req.method === 'GET';
      if (!own || (site === 'cross-site' && !opensPage)) throw refused('pages of other sites may not ask for this');
    }
    if (!/^(?:GET|HEAD)$/.test(c.req.method) && c.req.header(HEADER) === undefined) {
      throw refused(`a call that changes something needs the header ${HEADER}`);
    }
    await next();
    return undefined;
  };

  /** Handlers behind it have a caller. */
  readonly caller: MiddlewareHandler<PageEnv> = async (c, next) => {
    const caller = this.identify(c);
    if (caller === undefined) throw new NotSignedIn();
    c.set('caller', caller);
    await next();
  };

  /** Who calls, undefined where nobody is let in by what the call brings. Workers have nothing to look for here. */
  identify(c: Context<PageEnv>): Caller | undefined {
    const { nowMs } = this.#options;
    const header = c.req.header('authorization');
    const bearer = header?.startsWith('Bearer ') ? header.slice('Bearer '.length) : undefined;
    const token = bearer ?? this.#session(c)?.token ?? '';
    const caller = this.#access.identify({ token, certificate: certificateOf(c) }, nowMs());
    if (typeof caller === 'string' || caller.role === 'worker') return undefined;
    return caller;
  }

  /** Begins a session; undefined where the token is nobody's. */
  signIn(c: Context<PageEnv>, token: string): Caller | undefined {
    const { audit, nowMs, secure } = this.#options;
    const caller = this.#access.identify({ token, certificate: certificateOf(c) }, nowMs());
    const peer = peerOf(c);
    if (typeof caller === 'string' || caller.role === 'worker') {
      audit.refused('page', { peer, why: typeof caller === 'string' ? caller : 'role worker has no page' });
      return undefined;
    }
    audit.login(caller, peer);
    const id = randomBytes(32).toString('base64url');
    this.#sessions.set(id, { token, endsMs: nowMs() + SESSION_MS });
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= MAX_SESSIONS) break;
      this.#sessions.delete(oldest);
    }
    setCookie(c, COOKIE, id, { path: '/', httpOnly: true, sameSite: 'Strict', secure, maxAge: SESSION_MS / 1000 });
    return caller;
  }

  signOut(c: Context<PageEnv>): void {
    this.#sessions.delete(getCookie(c, COOKIE) ?? '');
    deleteCookie(c, COOKIE, { path: '/' });
  }

  #session(c: Context<PageEnv>): Session | undefined {
    const id = getCookie(c, COOKIE) ?? '';
    const session = this.#sessions.get(id);
    if (session === undefined || session.endsMs > this.#options.nowMs()) return session;
    this.#sessions.delete(id);
    return undefined;
  }
}

/** Nobody was let in. */
export class NotSignedIn extends HalotileError {
  constructor() {
    super('not-allowed', { what: 'no valid token', remedy: 'sign in, or send authorization: Bearer TOKEN' });
  }
}

/** Address and port of the other end. */
export function peerOf(c: Context<PageEnv>): string {
  const { remoteAddress, remotePort } = c.env.incoming.socket;
  return `${remoteAddress}:${remotePort}`;
}

function certificateOf(c: Context<PageEnv>): Uint8Array | undefined {
  const { socket } = c.env.incoming;
  return 'getPeerCertificate' in socket ? (socket as TLSSocket).getPeerCertificate()?.raw : undefined;
}

function hasTokens({ tokens }: AccessRules): boolean {
  return tokens !== undefined && tokens.length > 0;
}

function refused(what: string): HalotileError {
  return new HalotileError('not-allowed', { what });
}
