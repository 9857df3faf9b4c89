import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  type ServerMethodDefinition,
  status,
} from '@grpc/grpc-js';
import { HalotileError } from '../../tiling/errors.js';
import type { Sender } from '../cluster/worker-link.js';
import type { Owner } from '../service/places.js';
import { type Access, ANYBODY, type Caller, type Credentials, ROLES, type Role } from './access.js';
import type { Audit } from './audit.js';

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

/** Calls that are written down, with the field that says of what. */
const AUDITED: Readonly<Record<string, string>> = {
  '/halotile.v1.Jobs/CancelJob': 'id',
  '/halotile.v1.Jobs/ReleaseJob': 'id',
  '/halotile.v1.Jobs/RetryJob': 'id',
  '/halotile.v1.Jobs/DeleteJob': 'id',
  '/halotile.v1.Jobs/DiscardOutput': 'output',
};

/** What the gate in front of every call works with. */
export interface GateOptions {
  readonly access: Access;
  readonly audit: Audit;
  /** Calls that one client may have under way. */
  readonly maxCalls: number;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

type ServerCall = Parameters<ServerInterceptor>[1];

interface OpenCall {
  readonly caller: Caller;
  readonly credentials: Credentials;
  readonly end: (details: string) => void;
}

/** Checks who calls when a call's metadata arrives, before any message is read, and knows the calls under way. */
export class Gate {
  readonly #options: GateOptions;
  readonly #open = new Set<OpenCall>();
  /** Calls under way by principal. */
  readonly #counts = new Map<string, number>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  readonly interceptor: ServerInterceptor = (method, call) => {
    let passed: OpenCall | undefined;
    let subject = '';
    const over = () => {
      if (passed !== undefined) this.#leave(passed);
    };
    const refuse = (code: status, details: string, caller?: Caller) => {
      this.#options.audit.refused(method.path, { caller, peer: call.getPeer(), why: details });
      call.sendStatus({ code, details });
    };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        const listener = new ServerListenerBuilder()
          .withOnReceiveMetadata((metadata, forward) => {
            for (const key of [PRINCIPAL_KEY, ROLE_KEY, ROOTS_KEY]) metadata.remove(key);
            if (!OPEN.some((prefix) => method.path.startsWith(prefix))) {
              passed = this.#enter(method, { call, metadata, refuse });
              if (passed === undefined) return;
            }
            forward(metadata);
          })
          .withOnReceiveMessage((message, forward) => {
            const field = Object.hasOwn(AUDITED, method.path) ? AUDITED[method.path]! : undefined;
            if (field !== undefined) subject = String((message as Record<string, unknown>)[field]);
            forward(message);
          })
          .withOnCancel(over)
          .build();
        next(listener);
      },
      sendStatus: (answer, next) => {
        if (passed !== undefined) {
          const { caller } = passed;
          const peer = call.getPeer();
          const { audit } = this.#options;
          if (answer.code === status.PERMISSION_DENIED) {
            audit.refused(method.path, { caller, peer, why: answer.details ?? '' });
          } else if (answer.code === status.OK && subject !== '') audit.did(method.path, { caller, peer, subject });
        }
        over();
        next(answer);
      },
    });
  };

  /** Ends the calls of those who would not get in any more. */
  recheck(): void {
    const { access, nowMs } = this.#options;
    for (const open of [...this.#open]) {
      const caller = access.identify(open.credentials, nowMs());
      if (typeof caller !== 'string' && caller.principal === open.caller.principal && caller.role === open.caller.role)
        continue;
      this.#leave(open);
      open.end(typeof caller === 'string' ? caller : 'the token stands for somebody else now');
    }
  }

  /** Lets a call in, or refuses it. */
  #enter(
    { path }: ServerMethodDefinition<unknown, unknown>,
    {
      call,
      metadata,
      refuse,
    }: {
      readonly call: ServerCall;
      readonly metadata: Metadata;
      readonly refuse: (code: status, details: string, caller?: Caller) => void;
    },
  ): OpenCall | undefined {
    const { access, audit, maxCalls, nowMs } = this.#options;
    const credentials = { token: bearer(metadata), certificate: call.getAuthContext().sslPeerCertificate?.raw };
    const caller = access.identify(credentials, nowMs());
    if (typeof caller === 'string') {
      refuse(status.UNAUTHENTICATED, caller);
      return undefined;
    }
    const { principal, role, roots } = caller;
    if (!allowed(role, path)) {
      refuse(status.PERMISSION_DENIED, `role ${role} may not call ${path}`, caller);
      return undefined;
    }
    const count = this.#counts.get(principal) ?? 0;
    // Workers hold one call each for as long as they run, under one principal; they and admins are trusted with it.
    if (role === 'client' && count >= maxCalls) {
      const details = `${principal} has ${count} calls under way; expected at most ${maxCalls}; wait for some to end`;
      refuse(status.RESOURCE_EXHAUSTED, details, caller);
      return undefined;
    }
    audit.login(caller, call.getPeer());
    // Metadata is ASCII.
    metadata.set(PRINCIPAL_KEY, encodeURIComponent(principal));
    metadata.set(ROLE_KEY, role);
    if (roots !== undefined) metadata.set(ROOTS_KEY, encodeURIComponent(JSON.stringify(roots)));
    const end = (details: string) => refuse(status.UNAUTHENTICATED, details, caller);
    const open: OpenCall = { caller, credentials, end };
    this.#open.add(open);
    this.#counts.set(principal, count + 1);
    return open;
  }

  #leave(open: OpenCall): void {
    if (!this.#open.delete(open)) return;
    const { principal } = open.caller;
    const count = this.#counts.get(principal)! - 1;
    if (count === 0) this.#counts.delete(principal);
    else this.#counts.set(principal, count);
  }
}

/** Who makes a call that passed the gate. */
export function callerOf(metadata: Metadata): Caller {
  const principal = metadata.get(PRINCIPAL_KEY)[0];
  const role = ROLES.find((known) => known === metadata.get(ROLE_KEY)[0]);
  if (typeof principal !== 'string' || role === undefined) {
    throw new HalotileError('not-allowed', { what: 'the call passed no authentication' });
  }
  const roots = metadata.get(ROOTS_KEY)[0];
  return {
    ...{ principal: decodeURIComponent(principal), role },
    ...(typeof roots === 'string' && { roots: JSON.parse(decodeURIComponent(roots)) as Owner['roots'] }),
  };
}

function allowed(role: Role, path: string): boolean {
  if (role === 'admin') return true;
  return path.startsWith(WORKERS) ? role === 'worker' : role === 'client' || !path.startsWith('/halotile.');
}

function bearer(metadata: Metadata): string {
  const value = metadata.get('authorization')[0];
  return typeof value === 'string' && value.startsWith('Bearer ') ? value.slice('Bearer '.length) : '';
}
