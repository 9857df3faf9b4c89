import { statSync, unwatchFile, watchFile } from 'node:fs';
import { accessSchema, type CoordinatorAccess, checkTls, isLoopback } from '../coordinator/index.js';
import { badUsage, HalotileError } from '../tiling/errors.js';
import { parseYamlText } from '../tiling/job/yaml-text.js';
import type { Log } from '../tiling/log.js';
import { readText } from './endpoint-options.js';

/** The files that say whom a coordinator lets in. */
export interface AccessFlags {
  readonly listen: string;
  /** Where the page listens, if anywhere. */
  readonly web?: string;
  readonly tokens?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly insecure?: boolean;
}

/** How often the files are looked at. */
const WATCH_MS = 1000;

/**
 * Whom the flags' files let in.
 * @throws bad-usage where they do not go together, or everybody would get in
 */
export function readAccess(flags: AccessFlags): CoordinatorAccess {
  const { insecure } = flags;
  const tls = tlsOf(flags);
  const entries = flags.tokens === undefined ? {} : entriesOf(flags.tokens);
  const reached = addressesOf(flags).find(({ address }) => !isLoopback(address));
  if (flags.tokens === undefined && tls?.clientCa === undefined && insecure !== true && reached !== undefined) {
    throw badUsage({
      what: 'anybody who reaches this address could use the coordinator',
      where: `${reached.flag} ${reached.address}`,
      remedy: 'give --tokens or --tls-client-ca, listen on 127.0.0.1, or say --insecure',
    });
  }
  if (entries.certificates?.length && tls?.clientCa === undefined) {
    throw badUsage({
      what: 'certificates are named and none are asked for',
      file: flags.tokens,
      remedy: 'give --tls-client-ca, the authority that signs them',
    });
  }
  return { tls, ...entries };
}

/** What is open to others than it should be, one sentence each. */
export function accessWarnings(flags: AccessFlags): string[] {
  const { tokens, tlsKey, tlsCert } = flags;
  const warnings: string[] = [];
  for (const file of [tokens, tlsKey]) {
    if (file === undefined || process.platform === 'win32' || (statSync(file).mode & 0o007) === 0) continue;
    warnings.push(`${file}: every user of this machine can read or change it; expected mode 600; chmod 600 it`);
  }
  for (const { flag, address } of addressesOf(flags)) {
    if (tokens === undefined || tlsCert !== undefined || isLoopback(address)) continue;
    warnings.push(`${flag} ${address}: tokens and images cross the network unencrypted; give --tls-cert and --tls-key`);
  }
  return warnings;
}

/**
 * Reads the files again when one of them changes or the process gets SIGHUP. What cannot be used is said, and what was
 * read before stays.
 * @returns ends it
 */
export function watchAccess(
  flags: AccessFlags,
  { renew, log }: { readonly renew: (access: CoordinatorAccess) => void; readonly log: Log },
): () => void {
  const { tokens, tlsCert, tlsKey, tlsClientCa } = flags;
  const files = [tokens, tlsCert, tlsKey, tlsClientCa].filter((file) => file !== undefined);
  const readAgain = () => {
    try {
      renew(readAccess(flags));
      for (const warning of accessWarnings(flags)) log(warning, { level: 'warn' });
      log(`read again: ${files.join(', ') || 'no files'}`);
    } catch (error) {
      const what = error instanceof HalotileError ? error.message : `unexpected: ${(error as Error).stack}`;
      log(`what was read before stays: ${what}`, { level: 'error' });
    }
  };
  for (const file of files) watchFile(file, { interval: WATCH_MS, persistent: false }, readAgain);
  process.on('SIGHUP', readAgain);
  return () => {
    for (const file of files) unwatchFile(file, readAgain);
    process.off('SIGHUP', readAgain);
  };
}

function tlsOf({ tlsCert, tlsKey, tlsClientCa }: AccessFlags): CoordinatorAccess['tls'] {
  if (tlsCert === undefined && tlsKey === undefined && tlsClientCa === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw badUsage({ what: 'TLS needs both --tls-cert and --tls-key' });
  }
  const tls = {
    cert: readText(tlsCert, '--tls-cert'),
    key: readText(tlsKey, '--tls-key'),
    clientCa: tlsClientCa === undefined ? undefined : readText(tlsClientCa, '--tls-client-ca'),
  };
  checkTls(tls);
  return tls;
}

function entriesOf(path: string): Pick<CoordinatorAccess, 'tokens' | 'certificates'> {
  const text = readText(path, '--tokens');
  let entries: unknown;
  try {
    entries = parseYamlText(text);
  } catch (cause) {
    throw badUsage({ what: `the tokens cannot be read (${(cause as Error).message})`, file: path });
  }
  const parsed = accessSchema.safeParse(entries);
  if (parsed.success) return parsed.data;
  const { message, path: field } = parsed.error.issues[0]!;
  throw badUsage({
    what: `${field.join('.')}: ${message}`,
    file: path,
    expected:
      'a list of {token: at least 16 characters, principal, role: client|worker|admin}, or that as tokens: beside certificates: of {name, principal, role}',
  });
}

function addressesOf({ listen, web }: AccessFlags): { readonly flag: string; readonly address: string }[] {
  return [{ flag: '--listen', address: listen }, ...(web === undefined ? [] : [{ flag: '--web', address: web }])];
}
