import { randomUUID } from 'node:crypto';
import type { QueuedJob, QueueState } from '../job-queue.js';
import { isOpen } from '../transitions.js';
import type { RedisClient } from './connect.js';
import { answersOf, withoutKey } from './pipelines.js';

/** A job's record in Redis; what is large lies in shared storage. */
export type JobRecord = Omit<QueuedJob, 'spec' | 'result'> & {
  readonly spec?: QueuedJob['spec'];
  readonly result?: QueuedJob['result'];
  /** It is being forgotten: whoever looks for the job finds none. */
  readonly leaving?: true;
};

/** A record with what is needed to change it. */
export interface VersionedRecord {
  readonly record: JobRecord;
  /** One that no record of any job ever had before: a Redis that has forgotten would count anew. */
  readonly version: string;
  readonly sequence: number;
  /** Of its spec as JSON. */
  readonly bytes: number;
}

/** A change of a record: from which version on. */
export interface RecordChange {
  readonly record: JobRecord;
  /** Empty for a new one. */
  readonly from: string;
  readonly sequence: number;
  readonly bytes: number;
}

/** Stores a record where it still has the version that was read, and keeps the lists of jobs in step with it. */
const PUT = `
local version = redis.call('HGET', KEYS[1], 'v') or ''
if version ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[9], 'json', ARGV[2], 'seq', ARGV[4], 'bytes', ARGV[5])
if version == '' then
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
  redis.call('ZADD', KEYS[4], ARGV[4], ARGV[3])
  redis.call('HINCRBY', KEYS[7], ARGV[8], ARGV[5])
end
if ARGV[6] == '1' then
  redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
  redis.call('ZADD', KEYS[5], ARGV[4], ARGV[3])
  redis.call('ZREM', KEYS[6], ARGV[3])
else
  redis.call('ZREM', KEYS[3], ARGV[3])
  redis.call('ZREM', KEYS[5], ARGV[3])
  redis.call('ZADD', KEYS[6], ARGV[7], ARGV[3])
end
return 1`;

/** Removes a record that is not open, with its places in the lists. */
const FORGET = `
if redis.call('ZSCORE', KEYS[3], ARGV[1]) then return 0 end
local bytes = redis.call('HGET', KEYS[1], 'bytes')
if not bytes then return 0 end
redis.call('HINCRBY', KEYS[7], ARGV[2], -tonumber(bytes))
redis.call('DEL', KEYS[1])
for i = 2, 6 do redis.call('ZREM', KEYS[i], ARGV[1]) end
return 1`;

/** The larger of a counter and what is known elsewhere, plus one. */
const NEXT = `
local next = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1])) + 1
redis.call('SET', KEYS[1], next)
return next`;

interface Scripts {
  halotilePut(...args: string[]): Promise<number>;
  halotileForget(...args: string[]): Promise<number>;
  halotileNext(...args: string[]): Promise<number>;
}

const SCAN = 200;
const MIN_SCAN = 20;
/** What of a spec or a result stays in Redis; larger ones lie in shared storage alone. */
const MAX_INLINE_BYTES = 4_096;

/** The records of all jobs in Redis and the lists by which they are found. */
export class Records {
  readonly #client: RedisClient & Scripts;
  readonly #prefix: string;

  constructor(client: RedisClient, prefix: string) {
    client.defineCommand('halotilePut', { lua: PUT, numberOfKeys: 7 });
    client.defineCommand('halotileForget', { lua: FORGET, numberOfKeys: 7 });
    client.defineCommand('halotileNext', { lua: NEXT, numberOfKeys: 1 });
    this.#client = client as RedisClient & Scripts;
    this.#prefix = prefix;
  }

  async get(id: string): Promise<VersionedRecord | undefined> {
    const fields = await this.#client.hmget(this.#record(id), 'v', 'json', 'seq', 'bytes');
    return versioned(fields);
  }

  /** The version under which it was stored; undefined where somebody else was faster. */
  async put(change: RecordChange): Promise<string | undefined> {
    const version = randomUUID();
    const stored = await this.#client.halotilePut(...this.#putArguments(change, version));
    return stored === 1 ? version : undefined;
  }

  /** Stores many, each as {@link put} does. */
  async putAll(changes: readonly RecordChange[]): Promise<void> {
    const pipeline = this.#client.pipeline() as ReturnType<RedisClient['pipeline']> & Scripts;
    for (const change of changes) pipeline.halotilePut(...this.#putArguments(change, randomUUID()));
    await answersOf(pipeline);
  }

  /** Those of the jobs that have no record. */
  unknown(ids: readonly string[]): Promise<string[]> {
    return withoutKey(this.#client, ids, (id) => this.#record(id));
  }

  async forget({ id, principal }: JobRecord): Promise<boolean> {
    return (await this.#client.halotileForget(...this.#keys(id, principal), id, principal)) === 1;
  }

  /** A number above all earlier ones and above `least`. */
  next(counter: 'epoch' | 'sequence', least = 0): Promise<number> {
    return this.#client.halotileNext(this.#key(counter), String(least));
  }

  /** Records newest first, from below a sequence number on, as far as somebody reads. */
  async *newest({ principal, openOnly, before, wanted = SCAN }: Listing): AsyncGenerator<VersionedRecord> {
    const list = this.#list(principal, openOnly);
    const scan = Math.max(MIN_SCAN, Math.min(SCAN, wanted));
    for (let below = before; ; ) {
      const limit = below === undefined ? '+inf' : `(${below}`;
      const ids = await this.#client.zrevrangebyscore(list, limit, '-inf', 'WITHSCORES', 'LIMIT', 0, scan);
      yield* await this.#all(ids.filter((_, index) => index % 2 === 0));
      if (ids.length < 2 * scan) return;
      below = Number(ids.at(-1));
    }
  }

  /** Records in the order in which they were submitted. */
  async *oldest({ principal, openOnly }: Listing): AsyncGenerator<VersionedRecord> {
    const list = this.#list(principal, openOnly);
    for (let above = '-inf'; ; ) {
      const ids = await this.#client.zrangebyscore(list, above, '+inf', 'WITHSCORES', 'LIMIT', 0, SCAN);
      yield* await this.#all(ids.filter((_, index) => index % 2 === 0));
      if (ids.length < 2 * SCAN) return;
      above = `(${ids.at(-1)}`;
    }
  }

  /** Ended jobs: those that ended by `limitMs`, and the oldest of all beyond `maxCount`. */
  async expired(limitMs: number, maxCount: number): Promise<VersionedRecord[]> {
    const ended = this.#key('ended');
    const old = await this.#client.zrangebyscore(ended, '-inf', String(limitMs), 'LIMIT', 0, SCAN);
    const beyond = (await this.#client.zcard(ended)) - maxCount;
    const many = beyond > 0 ? await this.#client.zrange(ended, '0', String(Math.min(beyond, SCAN) - 1)) : [];
    return this.#all([...new Set([...old, ...many])]);
  }

  countOpen(principal: string): Promise<number> {
    return this.#client.zcard(this.#list(principal, true));
  }

  /** What a principal's remembered jobs come to. */
  async taken(principal: string): Promise<{ readonly jobs: number; readonly bytes: number }> {
    const [jobs, bytes] = await Promise.all([
      this.#client.zcard(this.#list(principal, false)),
      this.#client.hget(this.#key('bytes'), principal),
    ]);
    return { jobs, bytes: Number(bytes ?? 0) };
  }

  /** Whether Redis still knows what was last written to it: it was neither flushed nor restarted empty. */
  async remembers(): Promise<boolean> {
    return (await this.#client.exists(this.#key('known'))) === 1;
  }

  async markKnown(): Promise<void> {
    await this.#client.set(this.#key('known'), '1');
  }

  async #all(ids: readonly string[]): Promise<VersionedRecord[]> {
    if (ids.length === 0) return [];
    const pipeline = this.#client.pipeline();
    for (const id of ids) pipeline.hmget(this.#record(id), 'v', 'json', 'seq', 'bytes');
    return (await answersOf(pipeline)).flatMap((fields) => versioned(fields as (string | null)[]) ?? []);
  }

  #putArguments({ record, from, sequence, bytes }: RecordChange, version: string): string[] {
    const { id, principal, state, finishedMs = 0 } = record;
    const open = isOpen(state) ? '1' : '0';
    const values = [from, JSON.stringify(record), id, sequence, bytes, open, finishedMs, principal, version];
    return [...this.#keys(id, principal), ...values.map(String)];
  }

  #list(principal: string | undefined, openOnly: boolean): string {
    const name = openOnly ? 'open' : 'all';
    return principal === undefined ? this.#key(name) : this.#key(`${name}-of:${encodeURIComponent(principal)}`);
  }

  #keys(id: string, principal: string): string[] {
    return [
      this.#record(id),
      this.#list(undefined, false),
      this.#list(undefined, true),
      this.#list(principal, false),
      this.#list(principal, true),
      this.#key('ended'),
      this.#key('bytes'),
    ];
  }

  #record(id: string): string {
    return this.#key(`job:${id}`);
  }

  #key(name: string): string {
    return `${this.#prefix}:${name}`;
  }
}

/** Which records, and below which sequence number. */
export interface Listing {
  readonly principal?: string;
  readonly openOnly: boolean;
  readonly before?: number;
  /** How many are wanted if none is passed over; more than these may be read. */
  readonly wanted?: number;
}

/** Whether a filter by states asks for open jobs alone. */
export function onlyOpen(states: readonly QueueState[] | undefined): boolean {
  return states?.every(isOpen) === true;
}

function versioned([version, json, sequence, bytes]: readonly (string | null)[]): VersionedRecord | undefined {
  if (version == null || json == null) return undefined;
  const record = JSON.parse(json) as JobRecord;
  return { record, version, sequence: Number(sequence), bytes: Number(bytes) };
}

/** A job as Redis keeps it. */
export function recordOf({ spec, result, ...rest }: QueuedJob): JobRecord {
  return { ...rest, ...(isSmall(spec) && { spec }), ...(result !== undefined && isSmall(result) && { result }) };
}

function isSmall(value: unknown): boolean {
  return JSON.stringify(value).length <= MAX_INLINE_BYTES;
}
