import assert from 'node:assert/strict';
import { test } from 'node:test';

// An exhaustive search of the rule by which coordinators claim and end a job (coordinator/queue/redis/redis-queue.ts):
// two coordinators, one Redis that may forget everything or its last moments, one storage that forgets nothing. Each step
// is one access to Redis or storage, and any other may come between two.

/** What the code does about what this search has found; each is shown to be needed. */
interface Rules {
  /** A record's version is one that never was before, not the next number. */
  readonly freshVersions: boolean;
  /** Whoever claims a job looks in storage whether it has ended. */
  readonly looksForEnd: boolean;
  /** The first end of a job that is stored stays. */
  readonly firstEndStays: boolean;
}

/** A job's record in Redis: who has claimed it, or by whose claim it ended. */
interface Rec {
  readonly state: 'queued' | 'claimed' | 'ended';
  readonly by: number;
  readonly version: number;
}

/** Where a coordinator is, and what it has read until then. */
interface Coordinator {
  readonly at:
    | 'idle'
    | 'restoring'
    | 'read'
    | 'looked'
    | 'numbering'
    | 'numbered'
    | 'folder made'
    | 'running'
    | 'newest'
    | 'ending'
    | 'end stored'
    | 'end stored unseen';
  readonly version: number;
  /** What storage said: the newest claim, or the claim that ended the job. */
  readonly read: number;
  readonly claim: number;
  /** Whether the job's end lay in storage when it looked there. */
  readonly late: boolean;
}

interface World {
  readonly rec: Rec | null;
  readonly counter: number;
  /** What Redis goes back to when it loses its last moments; one moment is chosen. */
  readonly saved: { readonly rec: Rec | null; readonly counter: number } | null;
  /** Folders of claims, one bit each. */
  readonly claims: number;
  /** The claim whose end is stored, 0 for none. */
  readonly end: number;
  readonly versions: number;
  /** The end that Redis has told first. */
  readonly told: number;
  readonly coordinators: readonly [Coordinator, Coordinator];
  /** Faults that may still come. */
  readonly flushes: number;
  readonly losses: number;
  readonly deaths: number;
}

const IDLE: Coordinator = { at: 'idle', version: 0, read: 0, claim: 0, late: false };
/** Claims beyond this one are not followed. */
const MOST_CLAIMS = 2;
const START: World = {
  rec: { state: 'queued', by: 0, version: 1 },
  counter: 0,
  saved: null,
  ...{ claims: 0, end: 0, versions: 1, told: 0, coordinators: [IDLE, IDLE] },
  ...{ flushes: 1, losses: 1, deaths: 1 },
};

function newest({ claims }: World): number {
  return claims === 0 ? 0 : 31 - Math.clz32(claims);
}

/** Everything that may happen next. */
function* next(world: World, rules: Rules): Generator<World> {
  for (const which of [0, 1] as const) yield* steps(world, which, rules);
  if (world.flushes > 0) yield { ...world, rec: null, counter: 0, flushes: world.flushes - 1 };
  if (world.losses === 0) return;
  if (world.saved === null) yield { ...world, saved: { rec: world.rec, counter: world.counter } };
  else yield { ...world, ...world.saved, saved: null, losses: 0 };
}

function* steps(world: World, which: 0 | 1, rules: Rules): Generator<World> {
  const me = world.coordinators[which];
  const { rec } = world;
  const go = (to: Partial<Coordinator>, change: Partial<World> = {}): World => {
    const mine = { ...me, ...to };
    const all: [Coordinator, Coordinator] = which === 0 ? [mine, world.coordinators[1]] : [world.coordinators[0], mine];
    return { ...world, ...change, coordinators: all };
  };
  /** The script that stores a record where it still has the version that was read; 0 where there is to be none. */
  const put = (from: number, to: Omit<Rec, 'version'>): Partial<World> | undefined => {
    if ((rec?.version ?? 0) !== from) return undefined;
    const version = rules.freshVersions ? world.versions + 1 : from + 1;
    const told = to.state === 'ended' && world.told === 0 ? to.by : world.told;
    return { rec: { ...to, version }, versions: Math.max(world.versions, version), told };
  };
  const storeEnd = () => ({ end: rules.firstEndStays && world.end !== 0 ? world.end : me.claim });
  if (me.at !== 'idle' && world.deaths > 0) yield { ...go(IDLE), deaths: world.deaths - 1 };
  switch (me.at) {
    case 'idle':
      if (rec === null) yield go({ at: 'restoring', read: world.end });
      // The ticket of an open job may come to anybody at any time: locks run out.
      else if (rec.state !== 'ended') yield go({ at: 'read', version: rec.version });
      return;
    case 'restoring': {
      const to =
        me.read === 0 ? { state: 'queued' as const, by: newest(world) } : { state: 'ended' as const, by: me.read };
      yield go(IDLE, put(0, to));
      return;
    }
    case 'read':
      if (rules.looksForEnd && world.end !== 0) yield go(IDLE, put(me.version, { state: 'ended', by: world.end }));
      else yield go({ at: 'looked', late: world.end !== 0 });
      return;
    case 'looked':
      yield go({ at: 'numbering', read: newest(world) });
      return;
    case 'numbering': {
      const counter = Math.max(world.counter, me.read) + 1;
      if (counter <= MOST_CLAIMS) yield go({ at: 'numbered', claim: counter }, { counter });
      return;
    }
    case 'numbered':
      if (world.claims & (1 << me.claim)) yield go({ at: 'looked' });
      else yield go({ at: 'folder made' }, { claims: world.claims | (1 << me.claim) });
      return;
    case 'folder made': {
      const done = put(me.version, { state: 'claimed', by: me.claim });
      yield done === undefined ? go(IDLE) : go({ at: 'running' }, done);
      return;
    }
    case 'running':
      yield go(newest(world) === me.claim ? { at: 'newest' } : IDLE);
      return;
    case 'newest':
      // A Redis that has just forgotten the job finds its end in storage.
      if (rec === null) yield go({ at: 'end stored unseen' }, storeEnd());
      else if (rec.state === 'claimed' && rec.by === me.claim) yield go({ at: 'ending', version: rec.version });
      else yield go(IDLE);
      return;
    case 'ending':
      yield go({ at: 'end stored' }, storeEnd());
      return;
    case 'end stored': {
      const done = put(me.version, { state: 'ended', by: rules.firstEndStays ? world.end : me.claim });
      // Somebody was faster: it looks again.
      yield done === undefined ? go({ at: 'newest' }) : go(IDLE, done);
      return;
    }
    case 'end stored unseen':
      yield go(IDLE);
  }
}

/** What must never be, of one state and the one after it. */
function fault(before: World, after: World): string | undefined {
  const [one, other] = after.coordinators;
  const holds = ({ at }: Coordinator) => ['running', 'newest', 'ending', 'end stored'].includes(at);
  if (holds(one) && holds(other) && one.claim === other.claim) return 'two hold one claim';
  if (before.end !== 0 && after.end !== before.end) return 'an end that is stored becomes another';
  if (after.rec?.state === 'ended' && after.rec.by !== after.told) return 'an end that was told becomes another';
  const lost = before.losses > after.losses || before.flushes > after.flushes;
  if (!lost && before.rec?.state === 'ended' && after.rec?.state !== 'ended') return 'an ended job is open again';
  const isLate = ({ at, late }: Coordinator) => at === 'running' && late;
  if (after.coordinators.some(isLate)) return 'an ended job is run again';
  return undefined;
}

/** The same text for states that differ in nothing that matters: which coordinator is which, and how versions are called. */
function keyOf({ rec, saved, coordinators, ...world }: World, { freshVersions }: Rules): string {
  const names = new Map<number, number>([[0, 0]]);
  const name = (version: number) => {
    if (!freshVersions) return version;
    if (!names.has(version)) names.set(version, names.size);
    return names.get(version)!;
  };
  const record = (each: Rec | null) => (each === null ? '-' : `${each.state}${each.by}v${name(each.version)}`);
  const { counter, claims, end, told, flushes, losses, deaths } = world;
  const redis = `${record(rec)} ${counter} ${saved === null ? '' : `${record(saved.rec)} ${saved.counter}`}`;
  const [one, other] = coordinators
    .map(({ at, version, read, claim, late }) => ({ text: `${at} ${read} ${claim} ${late}`, version }))
    .sort((a, b) => (a.text < b.text ? -1 : 1));
  const each = (coordinator = one) => `${coordinator!.text} ${name(coordinator!.version)}`;
  return [redis, claims, end, told, flushes, losses, deaths, each(one), each(other)].join('|');
}

/** Visits every state that can be reached. */
function search(rules: Rules): { states: number; faults: Set<string>; stuck: number } {
  const seen = new Map<string, number>();
  const queue: World[] = [];
  const into: number[][] = [];
  const faults = new Set<string>();
  const idOf = (world: World): number => {
    const key = keyOf(world, rules);
    let id = seen.get(key);
    if (id === undefined) {
      id = queue.length;
      seen.set(key, id);
      queue.push(world);
      into.push([]);
    }
    return id;
  };
  idOf(START);
  for (let id = 0; id < queue.length; id++) {
    for (const after of next(queue[id]!, rules)) {
      const found = fault(queue[id]!, after);
      if (found !== undefined) faults.add(found);
      into[idOf(after)]!.push(id);
    }
  }
  // Whenever both are idle and there is a claim left to follow, the job must be able to end.
  const ends = queue.flatMap(({ rec, end }, id) => (rec?.state === 'ended' && end === rec.by ? [id] : []));
  const reached = new Set(ends);
  for (const id of ends) for (const from of into[id]!) if (!reached.has(from)) ends.push(from) && reached.add(from);
  const isStuck = (world: World, id: number) =>
    !reached.has(id) &&
    world.coordinators.every(({ at }) => at === 'idle') &&
    Math.max(newest(world), world.counter) < MOST_CLAIMS;
  return { states: queue.length, faults, stuck: queue.filter(isStuck).length };
}

const RULES: Rules = { freshVersions: true, looksForEnd: true, firstEndStays: true };

test('no interleaving of two coordinators, flushes, losses and deaths ends a job twice or leaves it for ever', () => {
  const { states, faults, stuck } = search(RULES);
  assert.deepEqual([...faults], []);
  assert.equal(stuck, 0);
  assert.ok(states > 10_000, `${states} states`);
});

for (const [rule, found] of [
  ['freshVersions', /an ended job/],
  ['looksForEnd', /an ended job is run again/],
  ['firstEndStays', /becomes another/],
] as const) {
  test(`without ${rule} the search finds a fault`, () => {
    assert.match([...search({ ...RULES, [rule]: false }).faults].join('; '), found);
  });
}
