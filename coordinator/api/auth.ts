import { createHash } from 'node:crypto';
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { z } from 'zod';
import { HalotileError } from '../../tiling/errors.js';
import type { Sender } from '../cluster/cluster.js';
import type { Owner } from '../service/places.js';

export const ROLES = ['client', 'worker', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who calls. */
export interface Caller extends Owner {
  readonly role: Role;
}

/** A tokens file: a list of these, as YAML or JSON. */
export const tokensSchema = z
  .array(
    z.strictObject({
      token: z.string().min(16),
      principal: z.string().min(1).max(128),
      role: z.enum(ROLES),
      /** Storage roots that it may use, and how; all of them where absent. */
      roots: z.record(z.string(), z.enum(['read', 'write'])).optional(),
      /** When it ends to be valid, ISO 8601 with a time zone; never where absent. */
      expires: z.iso.datetime({ offset: true }).optional(),
    }),
  )
  .min(1);
export type TokenEntry = z.output<typeof tokensSchema>[number];

/** Without tokens everybody is this one: only for coordinators that nobody else can reach. */
const ANYBODY: Caller = { principal: 'anybody', role: 'admin' };
/** Who answers for a worker, which calls itself by a name. */
export function senderOf({ principal }: Caller, name: string): Sender {
  const owner = principal === ANYBODY.principal ? name : principal;
  return { name, instance: `${principal}/${name}`, owner };
}

/** Metadata that only the interceptor sets; what a client sends under these names is dropped. */
const PRINCIPAL_KEY = 'x-halotile-principal';
const ROLE_KEY = 'x-halotile-role';
const ROOTS_KEY = 'x-halotile-roots';

/** Services that need no token: a load balancer has none. */
const OPEN = ['/grpc.health.v1.Health/'];
const WORKERS = '/halotile.v1.Workers/';

/**
 * Checks the bearer token of every call when its metadata arrives, before any message is read. Tokens are
 * compared by their hashes, so that time tells nothing.
 */
export function authInterceptor(tokens: readonly TokenEntry[] | undefined): ServerInterceptor {
  const callers = new Map(tokens?.map(({ token, ...entry }) => [hashOf(token), entry] as const));
  return (method, call) =>
    new ServerInterceptingCall(call, {
      start(next) {
        const listener = new ServerListenerBuilder().withOnReceiveMetadata((metadata, forward) => {
          const open = OPEN.some((prefix) => method.path.startsWith(prefix));
          const known = callers.get(hashOf(bearer(metadata)));
          const isOver = known?.expires !== undefined && Date.parse(known.expires) <= Date.now();
          const caller = tokens === undefined || open ? ANYBODY : isOver ? undefined : known;
          if (caller === undefined) {
            call.sendStatus({
              code: status.UNAUTHENTICATED,
              details: isOver
                ? `the token expired at ${known.expires}`
                : 'no valid bearer token in authorization metadata',
            });
            return;
          }
          if (!open && !allowed(caller.role, method.path)) {
            const details = `role ${caller.role} may not call ${method.path}`;
            call.sendStatus({ code: status.PERMISSION_DENIED, details });
            return;
          }
          metadata.set(PRINCIPAL_KEY, caller.principal);
          metadata.set(ROLE_KEY, caller.role);
          metadata.remove(ROOTS_KEY);
          if (caller.roots !== undefined) metadata.set(ROOTS_KEY, JSON.stringify(caller.roots));
          forward(metadata);
        });
        next(listener.build());
      },
    });
}

/** Who makes a call that passed the interceptor. */
export function callerOf(metadata: Metadata): Caller {
  const principal = metadata.get(PRINCIPAL_KEY)[0];
  const role = ROLES.find((known) => known === metadata.get(ROLE_KEY)[0]);
  if (typeof principal !== 'string' || role === undefined) {
    throw new HalotileError('not-allowed', { what: 'the call passed no authentication' });
  }
  const roots = metadata.get(ROOTS_KEY)[0];
  return { principal, role, ...(typeof roots === 'string' && { roots: JSON.parse(roots) as Owner['roots'] }) };
}

function allowed(role: Role, path: string): boolean {
  if (role === 'admin') return true;
  return path.startsWith(WORKERS) ? role === 'worker' : role === 'client' || !path.startsWith('/halotile.');
}

function bearer(metadata: Metadata): string {
  const value = metadata.get('authorization')[0];
  return typeof value === 'string' && value.startsWith('Bearer ') ? value.slice('Bearer '.length) : '';
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
