import { lookup } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { badInput, HalotileError } from '../../tiling/errors.js';
import type { ByteRange, ObjectState } from '../../tiling/places/opener.js';
import { changed, isTransient, MissingObject, type ObjectClient, type RangeAnswer, TransientFault } from './client.js';

const MAX_REDIRECTS = 5;
/** Connections to one host; each carries one range at a time. */
const MAX_SOCKETS = 16;

/** Addresses at which machines talk about themselves, credentials included; nobody keeps images there. */
const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16);
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');
LINK_LOCAL.addAddress('fd00:ec2::254', 'ipv6');

/** Reads objects over HTTP/1.1 by ranges (RFC 9110, section 14). */
export class HttpClient implements ObjectClient {
  readonly #isAllowed: (url: string) => boolean;
  readonly #agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, lookup: guardedLookup }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, lookup: guardedLookup }),
  };

  /** @param isAllowed whether a redirect may lead there */
  constructor(isAllowed: (url: string) => boolean) {
    this.#isAllowed = isAllowed;
  }

  async get(url: string, range: ByteRange, etag: string | undefined, signal: AbortSignal): Promise<RangeAnswer> {
    const { offset, length } = range;
    const response = await this.#followed(
      url,
      {
        range: `bytes=${offset}-${offset + length - 1}`,
        'accept-encoding': 'identity',
        'user-agent': 'halotile',
        // A weak tag matches nothing (RFC 9110, section 13.1.1); it is compared when it is here.
        ...(etag !== undefined && !etag.startsWith('W/') && { 'if-match': etag }),
      },
      signal,
    );
    try {
      return { state: stateOf(response, url, range), body: response };
    } catch (error) {
      response.destroy();
      throw error;
    }
  }

  async #followed(
    start: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    let url = new URL(start);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await this.#ask(url, headers, signal);
      const { statusCode = 0 } = response;
      const { location } = response.headers;
      if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return response;
      response.resume();
      const next = new URL(location, url);
      // User and password are meant for the host that they were given for.
      if (next.origin === url.origin) {
        next.username = url.username;
        next.password = url.password;
      }
      const isSafe = next.protocol === 'https:' || (next.protocol === 'http:' && url.protocol === 'http:');
      if (!isSafe || !this.#isAllowed(next.href)) {
        throw new HalotileError('not-allowed', {
          what: `redirects to ${next.origin}, where nothing may be read`,
          file: start,
          remedy: 'name the object where it lies',
        });
      }
      url = next;
    }
    throw badInput({ what: `redirects more than ${MAX_REDIRECTS} times`, file: start, expected: 'an object' });
  }

  #ask(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
    const { protocol, username, password, hostname } = url;
    const address = hostname.replace(/^\[|\]$/g, '');
    if (isIP(address) !== 0) refuseLinkLocal(address, url.host);
    const request = protocol === 'https:' ? requestHttps : requestHttp;
    const auth = username === '' ? undefined : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const agent = this.#agents[protocol as 'http:' | 'https:'];
    return new Promise((resolve, reject) => {
      const asked = request(url, { agent, headers, signal, ...(auth !== undefined && { auth }) }, resolve);
      asked.on('error', reject);
      asked.end();
    });
  }
}

/** What an answer says of the object, where it is the part that was asked for. */
function stateOf({ statusCode: status = 0, headers }: IncomingMessage, url: string, range: ByteRange): ObjectState {
  const { etag } = headers;
  const modified = Date.parse(headers['last-modified'] ?? '');
  const about = { ...(etag !== undefined && { etag }), ...(!Number.isNaN(modified) && { modifiedMs: modified }) };
  if (status === 206) {
    const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
    const end = Math.min(range.offset + range.length, Number(size)) - 1;
    if (Number(first) === range.offset && Number(last) === end) return { size: Number(size), ...about };
    throw new TransientFault(
      `the server sent Content-Range "${headers['content-range'] ?? ''}" for bytes ${range.offset} to ${end}`,
    );
  }
  if (status === 200) {
    const size = Number(headers['content-length'] ?? Number.NaN);
    // All of it was asked for.
    if (range.offset === 0 && size <= range.length) return { size, ...about };
    throw badInput({
      what: 'the server sends no ranges, only whole files',
      file: url,
      remedy: 'download it first, or use a server that answers Range requests',
    });
  }
  if (status === 412) throw changed(url, 'its ETag is another one');
  if (status === 416) {
    const size = Number(/^bytes \*\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] ?? Number.NaN);
    if (range.offset === 0 && (size === 0 || Number.isNaN(size))) return { size: 0, ...about };
    throw changed(url, `it ends before byte ${range.offset}`);
  }
  if (isTransient(status)) {
    throw new TransientFault(`the server answers ${status}`, { ...pauseOf(headers['retry-after']) });
  }
  const file = url;
  if (status === 404 || status === 410) throw new MissingObject(url, `the server has no such object (${status})`);
  if (status === 401 || status === 403) {
    throw new HalotileError('not-allowed', {
      what: `the server refuses access (${status})`,
      file,
      remedy: 'use a URL that is signed anew, or one with user and password',
    });
  }
  throw badInput({ what: `the server answers ${status}`, file, expected: '206, a part of the object' });
}

function pauseOf(retryAfter: string | undefined): { pauseMs?: number } {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? { pauseMs: seconds * 1000 } : {};
}

/** @throws not-allowed */
function refuseLinkLocal(address: string, file: string): void {
  if (!LINK_LOCAL.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) return;
  throw new HalotileError('not-allowed', {
    what: `the link-local address ${address} is never read from`,
    file,
    expected: 'a server',
  });
}

/** Resolves names as usual, and refuses those that lead to a link-local address. */
const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, address, family) => {
    if (error !== null) return callback(error, address as string, family);
    try {
      const found = address as string | { readonly address: string }[];
      for (const each of typeof found === 'string' ? [{ address: found }] : found)
        refuseLinkLocal(each.address, hostname);
    } catch (refused) {
      return callback(refused as Error, '', 4);
    }
    callback(null, address as string, family);
  });
};
