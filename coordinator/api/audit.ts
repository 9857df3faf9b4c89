import type { Log } from '../../tiling/log.js';
import type { Caller } from './access.js';

/** Lines of one kind within {@link WINDOW_MS}; what is beyond is counted. */
const MAX_LINES = 20;
const WINDOW_MS = 60_000;
/** Callers whose first call is remembered; when there are more, they are told of anew. */
const MAX_KNOWN = 1000;
/** Of a text that a client wrote. */
const MAX_TEXT = 200;

/** Writes down who came in, who was refused and who stopped or removed what; bounded, whatever clients do. */
export class Audit {
  readonly #log: Log;
  readonly #nowMs: () => number;
  readonly #known = new Set<string>();
  readonly #windows = new Map<string, { startMs: number; lines: number }>();

  /** @param nowMs milliseconds since 1970 */
  constructor(log: Log, nowMs: () => number) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** A call by somebody, written down when it is the first from there. */
  login({ principal, role }: Caller, peer: string): void {
    const host = peer.slice(0, Math.max(0, peer.lastIndexOf(':'))) || peer;
    const key = `${role} ${host} ${principal}`;
    if (this.#known.has(key)) return;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.add(key);
    this.#say('login', `login of ${quoted(principal)}, role ${role}, from ${peer}`);
  }

  /** A call that was refused for who called it. */
  refused(method: string, { caller, peer, why }: { caller?: Caller; peer: string; why: string }): void {
    const who = caller === undefined ? '' : `${quoted(caller.principal)}, role ${caller.role}, `;
    this.#say('refusal', `refused ${who}from ${peer}, ${method}: ${quoted(why)}`);
  }

  /** A call that stops or removes something. */
  did(method: string, { caller, peer, subject }: { caller: Caller; peer: string; subject: string }): void {
    this.#say(
      `call of ${caller.principal}`,
      `${method} ${quoted(subject)} by ${quoted(caller.principal)} from ${peer}`,
    );
  }

  #say(kind: string, line: string): void {
    const nowMs = this.#nowMs();
    const window = this.#windows.get(kind);
    if (window !== undefined && nowMs - window.startMs < WINDOW_MS) {
      window.lines++;
      if (window.lines <= MAX_LINES) this.#log(`audit: ${line}`);
      return;
    }
    if (window !== undefined && window.lines > MAX_LINES) {
      this.#log(`audit: ${window.lines - MAX_LINES} more lines of this kind were left out before: ${quoted(kind)}`);
    }
    if (this.#windows.size >= MAX_KNOWN) this.#windows.clear();
    this.#windows.set(kind, { startMs: nowMs, lines: 1 });
    this.#log(`audit: ${line}`);
  }
}

/** One line, whatever stands in it. */
function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
}
