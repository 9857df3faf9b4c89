import { createHash, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { Owner } from '../service/places.js';

/** What one who is let in may do: submit and follow jobs, compute tiles, or everything. */
export const ROLES = ['client', 'worker', 'admin'] as const;
/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** What every entry says of whom it lets in. */
const granted = {
  role: z.enum(ROLES),
  /** Storage roots that it may use, and how; all of them where absent. */
  roots: z.record(z.string(), z.enum(['read', 'write'])).optional(),
  /** When it ends to be valid, ISO 8601 with a time zone; never where absent. */
  expires: z.iso.datetime({ offset: true }).optional(),
};
const principal = z.string().min(1).max(128);

const tokenEntry = z.strictObject({ token: z.string().min(16), principal, ...granted });
/** Whom a token lets in, until when, and to which storage roots. */
export type TokenEntry = Readonly<z.output<typeof tokenEntry>>;

const certificateEntry = z.strictObject({
  /** The common name, or a DNS name, URI or mail address among its alternative names. */
  name: z.string().min(1).max(256),
  /** The name where absent. */
  principal: principal.optional(),
  ...granted,
  role: granted.role.default('client'),
});
/** Whom a client certificate lets in, by a name that it holds. */
export type CertificateEntry = Readonly<z.output<typeof certificateEntry>>;

/** A tokens file: a list of tokens, or tokens and certificate names; nothing in it stands twice. */
export const accessSchema = z
  .union([
    z
      .array(tokenEntry)
      .min(1)
      .transform((tokens): { tokens: TokenEntry[]; certificates: CertificateEntry[] } => ({
        tokens,
        certificates: [],
      })),
    z.strictObject({ tokens: z.array(tokenEntry).default([]), certificates: z.array(certificateEntry).default([]) }),
  ])
  .superRefine(({ tokens, certificates }, context) => {
    const lists = [
      ['tokens', 'token', tokens.map(({ token }) => token)],
      ['certificates', 'name', certificates.map(({ name }) => name)],
    ] as const;
    if (tokens.length + certificates.length === 0) context.addIssue('no entries');
    for (const [list, field, keys] of lists) {
      const twice = keys.findIndex((key, index) => keys.indexOf(key) < index);
      if (twice < 0) continue;
      const message = `the same ${field} as entry ${keys.indexOf(keys[twice]!)}`;
      context.addIssue({ code: 'custom', path: [list, twice, field], message });
    }
  });

/** Who may call. */
export interface AccessRules {
  /** Nobody else than these may call, and those whom a certificate lets in; where absent, everybody who gets a connection. */
  readonly tokens?: readonly TokenEntry[];
  /** What certificates of the authority stand for, beside their own names. */
  readonly certificates?: readonly CertificateEntry[];
  /** Whether connections need a certificate of the authority. */
  readonly mutual: boolean;
}

/** Who calls. */
export interface Caller extends Owner {
  readonly role: Role;
}

/** Whether somebody may know of what belongs to a principal. */
export function maySee({ principal }: { readonly principal: string }, caller: Caller): boolean {
  return caller.role === 'admin' || principal === caller.principal;
}

/** What a call brings along to say who it is from. */
export interface Credentials {
  /** The bearer token; empty where there is none. */
  readonly token: string;
  /** The certificate of the connection in DER, checked by TLS. */
  readonly certificate?: Uint8Array;
}

/** Without tokens and certificates everybody is this one: only for coordinators that nobody else can reach. */
export const ANYBODY: Caller = { principal: 'anybody', role: 'admin' };

/** Who is who, by the rules of now. */
export class Access {
  #rules: AccessRules;
  #tokens = new Map<string, TokenEntry>();
  #certificates = new Map<string, CertificateEntry>();

  constructor(rules: AccessRules) {
    this.#rules = rules;
    this.renew(rules);
  }

  renew(rules: AccessRules): void {
    this.#rules = rules;
    // Compared by their hashes, so that time tells nothing.
    this.#tokens = new Map(rules.tokens?.map((entry) => [hashOf(entry.token), entry]));
    this.#certificates = new Map(rules.certificates?.map((entry) => [entry.name, entry]));
  }

  /**
   * The caller, or why there is none. A token counts before a certificate; a certificate that no entry names is a client
   * of its common name, unless there are tokens to have instead.
   */
  identify({ token, certificate }: Credentials, nowMs: number): Caller | string {
    const { tokens, certificates = [], mutual } = this.#rules;
    const open = tokens === undefined || tokens.length === 0;
    if (token !== '' && !open) {
      const entry = this.#tokens.get(hashOf(token));
      if (entry === undefined) return 'no valid bearer token in authorization metadata';
      return isOver(entry, nowMs) ? `the token expired at ${entry.expires}` : entry;
    }
    if (!mutual) return open && certificates.length === 0 ? ANYBODY : 'no valid bearer token in authorization metadata';
    const names = certificate === undefined ? [] : namesOf(certificate);
    const name = names.find((each) => this.#certificates.has(each));
    if (name !== undefined) {
      const entry = this.#certificates.get(name)!;
      if (isOver(entry, nowMs)) return `what the certificate ${name} is allowed expired at ${entry.expires}`;
      return { ...entry, principal: entry.principal ?? name };
    }
    if (!open) return 'no valid bearer token in authorization metadata, and no entry for the certificate';
    return names[0] === undefined ? 'the certificate has no name' : { principal: names[0], role: 'client' };
  }
}

function isOver({ expires }: { readonly expires?: string }, nowMs: number): boolean {
  return expires !== undefined && Date.parse(expires) <= nowMs;
}

/** The common name, where there is exactly one, then the alternative names that are texts. */
function namesOf(der: Uint8Array): string[] {
  const { subject, subjectAltName = '' } = new X509Certificate(der);
  const common = [...(subject ?? '').matchAll(/^CN=(.*)$/gm)].map(([, name]) => name!);
  const others = [...subjectAltName.matchAll(/(?:^|, )(?:DNS|URI|email):([^,"]+)(?=, |$)/g)].map(([, name]) => name!);
  return [...(common.length === 1 ? common : []), ...others];
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
