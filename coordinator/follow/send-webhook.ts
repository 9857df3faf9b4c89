import { createHmac } from 'node:crypto';
import { lookup as lookUp } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { systemWords } from '../../tiling/system-fault.js';
import type { Webhook } from './follow.js';

/** Whom webhooks may be sent to: anybody, only addresses of the public network, or nobody. */
export const WEBHOOK_TARGETS = ['any', 'public', 'none'] as const;
/** One of {@link WEBHOOK_TARGETS}. */
export type WebhookTargets = (typeof WEBHOOK_TARGETS)[number];

/** What is sent. */
export interface WebhookMessage {
  /** The same in every try. */
  readonly id: string;
  readonly event: string;
  readonly body: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/** How a try ended: whoever answers 410 Gone wants no further one. */
export interface WebhookOutcome {
  readonly outcome: 'delivered' | 'refused' | 'failed';
  readonly note: string;
}

const TIMEOUT_MS = 10_000;
/** Of an answer nothing is kept; one that is longer is cut off. */
const MAX_ANSWER_BYTES = 64 << 10;
const GONE = 410;

const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv6');

/** Whether an address is none of the public network: of this machine, of a private net, of no single host. */
export function isPrivateAddress(address: string): boolean {
  // An IPv4 address in IPv6 clothes is checked as what it is.
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  const plain = mapped ?? address;
  return PRIVATE.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

/** What signs a message: HMAC-SHA256 of the time, a full stop and the body, in hexadecimal. */
export function signatureOf(secret: string, { timestamp, body }: Pick<WebhookMessage, 'timestamp' | 'body'>): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** One try. Never rejects; follows no redirect, uses no proxy, takes ten seconds at most. */
export function sendWebhook(
  { url, secret }: Webhook,
  message: WebhookMessage,
  targets: WebhookTargets,
): Promise<WebhookOutcome> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  if (targets === 'none') return Promise.resolve({ outcome: 'refused', note: 'this coordinator sends no webhooks' });
  if (targets === 'public' && isIP(host) !== 0 && isPrivateAddress(host)) {
    return Promise.resolve({ outcome: 'refused', note: `${host} is no public address` });
  }
  const body = Buffer.from(message.body);
  return new Promise((resolve) => {
    const failed = (note: string) => resolve({ outcome: 'failed', note: note.slice(0, 200) });
    const sent = (target.protocol === 'https:' ? httpsRequest : httpRequest)(target, {
      method: 'POST',
      agent: false,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(targets === 'public' && { lookup: publicOnly }),
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        'user-agent': 'halotile',
        'x-halotile-delivery': message.id,
        'x-halotile-event': message.event,
        'x-halotile-timestamp': `${message.timestamp}`,
        'x-halotile-signature': signatureOf(secret, message),
      },
    });
    sent.on('error', (error) =>
      failed(error.name === 'AbortError' ? `no answer within ${TIMEOUT_MS} ms` : systemWords(error)),
    );
    sent.on('response', (answer) => {
      const status = answer.statusCode ?? 0;
      const note = `HTTP ${status}`;
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) answer.destroy();
      });
      answer.on('error', () => {});
      answer.on('close', () => {
        if (status >= 200 && status < 300) resolve({ outcome: 'delivered', note });
        else if (status === GONE) resolve({ outcome: 'refused', note });
        else failed(note);
      });
    });
    sent.end(body);
  });
}

/** A name counts as what it means at the moment of the connection. */
const publicOnly: LookupFunction = (name, options, callback) => {
  lookUp(name, { ...options, all: true }, (error, addresses) => {
    const found = (addresses ?? []).filter(({ address }) => !isPrivateAddress(address));
    const [first] = found;
    if (error !== null) callback(error, '', 0);
    else if (first === undefined) callback(new Error(`${name} has no public address`), '', 0);
    else if (options.all) callback(null, found);
    else callback(null, first.address, first.family);
  });
};
