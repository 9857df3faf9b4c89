import { Redis } from 'ioredis';

/** What every row of the queues' benchmark gets. */
export interface QueueBenchOptions {
  readonly jobs: number;
  readonly warm: number;
  readonly kept: number;
  readonly images: number;
  readonly side: number;
  readonly rounds: number;
  /** For coordinators and workers. */
  readonly nodeFlags: readonly string[];
  readonly redisUrl: string;
  /** Prints what was measured, with how busy the machine is. */
  readonly say: (what: string, figures: string) => void;
}

/** Does something with an empty Redis. */
export async function withEmptyRedis<T>(url: string, act: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  try {
    await client.flushall();
    return await act(client);
  } finally {
    client.disconnect();
  }
}

/** Processor seconds that a Redis has used so far. */
export async function redisSeconds(client: Redis): Promise<number> {
  const said = await client.info('cpu');
  const of = (name: string) => Number(new RegExp(`^${name}:([0-9.]+)`, 'm').exec(said)?.[1]);
  return of('used_cpu_user') + of('used_cpu_sys');
}

/** Milliseconds that something takes. */
export async function msOf(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await act();
  return performance.now() - from;
}
