import type { Command } from 'commander';
import type { CoordinatorEndpoint } from '../proto/client/endpoint.js';
import { badUsage } from '../tiling/errors.js';
import { readTextFile } from '../tiling/text-file.js';

/** Flags that say how a coordinator is reached. */
export interface EndpointFlags {
  readonly tokenFile?: string;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** The environment variable that holds a bearer token. */
const TOKEN_VARIABLE = 'HALOTILE_TOKEN';

/** Adds the flags beside `--coordinator` itself. */
export function addEndpointOptions(command: Command): Command {
  return command
    .optionsGroup('Reaching a coordinator:')
    .option('--token-file <file>', `file with the bearer token (default: the variable ${TOKEN_VARIABLE})`)
    .option('--tls', "talk TLS, checked by the system's authorities")
    .option('--tls-ca <file>', 'talk TLS, checked by this authority (PEM)')
    .option('--tls-cert <file>', 'client certificate for mutual TLS (PEM)')
    .option('--tls-key <file>', 'its key (PEM)');
}

/**
 * The endpoint that flags and environment describe.
 * @throws bad-usage
 */
export function endpointOf(address: string, flags: EndpointFlags): CoordinatorEndpoint {
  if (!/^.+:\d{1,5}$/.test(address)) {
    throw badUsage({ what: `'${address}' is no address of a coordinator`, expected: 'HOST:PORT' });
  }
  const { tokenFile, tlsCa, tlsCert, tlsKey } = flags;
  const token = tokenFile === undefined ? process.env[TOKEN_VARIABLE] : readText(tokenFile, '--token-file').trim();
  const secure = flags.tls === true || tlsCa !== undefined || tlsCert !== undefined;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw badUsage({ what: '--tls-cert and --tls-key go together' });
  }
  const tls = {
    ca: tlsCa && readText(tlsCa, '--tls-ca'),
    cert: tlsCert && readText(tlsCert, '--tls-cert'),
    key: tlsKey && readText(tlsKey, '--tls-key'),
  };
  return { address, token: token === '' ? undefined : token, tls: secure ? tls : undefined };
}

/** The longest file of tokens or certificates that is read. */
const MAX_SECRET_BYTES = 64 << 20;

/** @throws bad-input naming the flag */
export function readText(path: string, flag: string): string {
  return readTextFile(path, { what: `the file of ${flag}`, maxBytes: MAX_SECRET_BYTES });
}

/** `NAME=DIRECTORY` flags as a table. */
export function rootsOf(flags: readonly string[]): Record<string, string> {
  const roots = flags.map((flag) => {
    const match = /^([A-Za-z0-9_-]{1,64})=(.+)$/.exec(flag);
    if (match === null) throw badUsage({ what: `--root ${flag}`, expected: 'NAME=DIRECTORY' });
    return [match[1]!, match[2]!] as const;
  });
  return Object.fromEntries(roots);
}
