import type { PageError } from '../../../proto/page/messages';

/** What the server refused. */
export class Refusal extends Error {
  readonly status: number;
  readonly tag: string;

  constructor(status: number, { tag, message }: PageError) {
    super(message);
    this.status = status;
    this.tag = tag;
  }
}

/** @throws Refusal; TypeError where the server cannot be reached */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await call(path, { signal })).json() as Promise<T>;
}

/** A call that changes something. @throws as {@link get} */
export async function post(path: string, body?: object, method: 'POST' | 'DELETE' = 'POST'): Promise<Response> {
  return call(path, {
    method,
    headers: { 'x-halotile': 'page', ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
}

async function call(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, init);
  if (response.ok) return response;
  const fallback = { tag: 'unreachable', message: `${response.status} ${response.statusText}` };
  throw new Refusal(response.status, (await response.json().catch(() => fallback)) as PageError);
}
