import { createHash } from 'node:crypto';
import { z } from 'zod';
import { errorRecordSchema } from '../../tiling/errors.js';
import { FOLLOW_UP_NAME, MAX_FOLLOW_UPS } from '../../tiling/job/follow-up-names.js';

const whole = z.number().int().min(0);
const roots = z.record(z.string(), z.enum(['read', 'write'])).optional();

/** A job that is submitted when others have succeeded. */
const nodeSchema = z.object({
  name: z.string(),
  /** Names of nodes; the first job alone where empty. */
  after: z.array(z.string()),
  /** A SubmitJob as bytes in base64, `{output}` and `{output:NAME}` in its texts. */
  request: z.string(),
  jobId: z.string().optional(),
  /** Why there is no job and will be none. */
  failure: errorRecordSchema.optional(),
});
/** A job that is submitted when others have succeeded. */
export type FollowNode = z.output<typeof nodeSchema>;

/** Where the end of a job is told, and the secret that signs it. */
const hookSchema = z.object({ url: z.string(), secret: z.string() });
/** Where the end of a job is told, and the secret that signs it. */
export type Webhook = z.output<typeof hookSchema>;

const deliverySchema = z.object({
  /** Index among the webhooks. */
  hook: whole,
  /** The job's end that is told: a job that is tried again ends again. */
  endedMs: whole,
  tries: whole,
  state: z.enum(['waiting', 'delivered', 'given-up']),
  /** Not before, milliseconds since 1970. */
  nextMs: whole,
  /** What the last try met. */
  note: z.string(),
});
/** One end of a job on its way to one webhook. */
export type Delivery = z.output<typeof deliverySchema>;

/** What follows a job, as it is kept; what is read from the disk counts as this has it. */
export const followSchema = z.object({
  jobId: z.string(),
  principal: z.string(),
  roots,
  nodes: z.array(nodeSchema),
  webhooks: z.array(hookSchema),
  deliveries: z.array(deliverySchema),
});
/** What follows a job. */
export type Follow = z.output<typeof followSchema>;

/** Jobs that may follow one, how long a chain of them may be, and where its end may be told. */
export const FOLLOW_LIMITS = { nodes: MAX_FOLLOW_UPS, depth: 8, webhooks: 4 } as const;

const OUTPUT = /\{output(?::([^{}]*))?\}/g;
const MAX_TRIES = 12;
const FIRST_WAIT_MS = 10_000;
const MAX_WAIT_MS = 3600_000;

/** What is wrong with a graph of jobs: names, unknown ones among them, circles, its size; undefined where nothing is. */
export function graphFault(nodes: readonly Pick<FollowNode, 'name' | 'after'>[]): string | undefined {
  const { nodes: maxNodes, depth: maxDepth } = FOLLOW_LIMITS;
  if (nodes.length > maxNodes) return `${nodes.length} jobs; expected at most ${maxNodes}`;
  const byName = new Map(nodes.map((node) => [node.name, node]));
  for (const { name, after } of nodes) {
    if (!FOLLOW_UP_NAME.test(name))
      return `the name '${name.slice(0, 80)}'; expected 1 to 64 letters, digits, '-' and '_'`;
    const unknown = after.find((each) => !byName.has(each));
    if (unknown !== undefined) return `${name} comes after '${unknown.slice(0, 80)}', which is none of them`;
  }
  if (byName.size < nodes.length) return 'two jobs have one name';
  const depths = new Map<string, number>();
  for (let round = 0; depths.size < nodes.length; round++) {
    const ready = nodes.filter(({ name, after }) => !depths.has(name) && after.every((each) => depths.has(each)));
    if (ready.length === 0) return 'they wait for each other in a circle';
    if (round === maxDepth) return `a chain of more than ${maxDepth} jobs`;
    for (const { name } of ready) depths.set(name, round);
  }
  return undefined;
}

/** The names of the outputs that a message speaks of; `` is the first job's. */
export function outputsNamed(message: unknown): Set<string> {
  const names = new Set<string>();
  mapTexts(message, (text) => {
    for (const [, name = ''] of text.matchAll(OUTPUT)) names.add(name);
    return text;
  });
  return names;
}

/** A message whose texts have outputs instead of `{output}` and `{output:NAME}`. */
export function withOutputs<T>(message: T, outputs: ReadonlyMap<string, string>): T {
  return mapTexts(message, (text) => text.replace(OUTPUT, (whole, name = '') => outputs.get(name) ?? whole));
}

/** The names of a node and of all that come before it. */
export function ancestors(nodes: readonly Pick<FollowNode, 'name' | 'after'>[], name: string): Set<string> {
  const found = new Set<string>();
  const visit = (each: string) => {
    for (const before of nodes.find((node) => node.name === each)?.after ?? []) {
      if (found.has(before)) continue;
      found.add(before);
      visit(before);
    }
  };
  visit(name);
  return found;
}

/** The nodes that may be submitted, given which have succeeded. */
export function readyNodes({ nodes }: Follow, hasSucceeded: (name: string) => boolean): FollowNode[] {
  return nodes.filter(
    ({ jobId, failure, after }) => jobId === undefined && failure === undefined && after.every(hasSucceeded),
  );
}

/** A delivery after a try. */
export function tried(
  delivery: Delivery,
  { outcome, note, nowMs }: { readonly outcome: 'delivered' | 'refused' | 'failed'; note: string; nowMs: number },
): Delivery {
  const tries = delivery.tries + 1;
  if (outcome === 'delivered') return { ...delivery, tries, note, state: 'delivered' };
  if (outcome === 'refused' || tries >= MAX_TRIES) return { ...delivery, tries, note, state: 'given-up' };
  const waitMs = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1));
  return { ...delivery, tries, note, nextMs: nowMs + waitMs };
}

/** Whether nothing will come of it any more. */
export function isOver({ nodes, deliveries }: Follow): boolean {
  const open = nodes.some(({ jobId, failure }) => jobId === undefined && failure === undefined);
  return !open && deliveries.every(({ state }) => state !== 'waiting');
}

/** The same delivery has the same id in every try. */
export function deliveryId({ jobId }: Follow, { hook, endedMs }: Delivery): string {
  return createHash('sha256')
    .update(JSON.stringify([jobId, hook, endedMs]))
    .digest('hex')
    .slice(0, 32);
}

function mapTexts<T>(message: T, change: (text: string) => string): T {
  const map = (value: unknown): unknown => {
    if (typeof value === 'string') return change(value);
    if (Array.isArray(value)) return value.map(map);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, map(inner)]));
  };
  return map(message) as T;
}
