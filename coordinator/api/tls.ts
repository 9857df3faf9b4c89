import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { badUsage } from '../../tiling/errors.js';

/** PEM texts. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Authority of client certificates: where present, clients without one are refused. */
  readonly clientCa?: string;
}

/** TLS whose certificates can be replaced while the server runs; connections that are open keep theirs. */
export class RenewableCredentials extends ServerCredentials {
  constructor(tls: ServerTls) {
    const mutual = tls.clientCa !== undefined;
    super({ requestCert: mutual, rejectUnauthorized: mutual }, contextOf(tls));
  }

  renew(tls: ServerTls): void {
    this.updateSecureContextOptions(contextOf(tls));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** @throws bad-usage where certificate, key and authority cannot be used together */
export function checkTls(tls: ServerTls): void {
  try {
    createSecureContext(contextOf(tls));
  } catch (error) {
    throw badUsage({
      what: `the TLS files cannot be used (${(error as Error).message})`,
      where: '--tls-cert, --tls-key, --tls-client-ca',
      expected: 'PEM files, the key being that of the certificate',
    });
  }
}

function contextOf({ cert, key, clientCa }: ServerTls): SecureContextOptions {
  return { cert, key, ...(clientCa !== undefined && { ca: clientCa }) };
}
