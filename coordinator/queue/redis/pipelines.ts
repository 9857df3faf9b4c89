import type { RedisClient } from './connect.js';

/** What commands that were sent together are answered. @throws the first that failed */
export async function answersOf(pipeline: Pick<ReturnType<RedisClient['pipeline']>, 'exec'>): Promise<unknown[]> {
  return ((await pipeline.exec()) ?? []).map(([error, answer]) => {
    if (error !== null) throw error;
    return answer;
  });
}

/** Those of the ids whose keys do not exist. */
export async function withoutKey(
  client: RedisClient,
  ids: readonly string[],
  keyOf: (id: string) => string,
): Promise<string[]> {
  const pipeline = client.pipeline();
  for (const id of ids) pipeline.exists(keyOf(id));
  const answers = await answersOf(pipeline);
  return ids.filter((_, index) => answers[index] === 0);
}
