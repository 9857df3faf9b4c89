import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { Client } from '@grpc/grpc-js';

/** Texts of errors that coordinators showed to clients of this process: of statuses, of jobs and of their events. */
const shown: string[] = [];

type Method = (...args: unknown[]) => unknown;
const prototype = Client.prototype as unknown as Record<string, Method>;

for (const name of ['makeUnaryRequest', 'makeClientStreamRequest']) {
  const request = prototype[name]!;
  prototype[name] = function (this: Client, ...args: unknown[]) {
    const callback = args.at(-1) as Method;
    const watched = (error: unknown, answer: unknown) => {
      note(error);
      noteFailures(answer);
      callback(error, answer);
    };
    return request.apply(this, [...args.slice(0, -1), watched]);
  };
}
for (const name of ['makeServerStreamRequest', 'makeBidiStreamRequest']) {
  const request = prototype[name]!;
  prototype[name] = function (this: Client, ...args: unknown[]) {
    const call = request.apply(this, args) as NodeJS.EventEmitter & { push: Method };
    call.on('error', note);
    const push = call.push;
    call.push = function (this: unknown, message: unknown, ...more: unknown[]) {
      noteFailures(message);
      return push.call(this, message, ...more);
    };
    return call;
  };
}

/** The details and the fields that travel beside them. */
function note(error: unknown): void {
  if (error === null || error === undefined) return;
  const { details, metadata } = error as { details?: string; metadata?: { get(key: string): unknown[] } };
  if (details !== undefined) shown.push(details);
  for (const bytes of metadata?.get('grpc-status-details-bin') ?? []) shown.push((bytes as Buffer).toString('latin1'));
}

function noteFailures(message: unknown): void {
  const {
    failure,
    job,
    jobs = [],
  } = (message ?? {}) as {
    failure?: object | null;
    job?: { failure?: object | null };
    jobs?: { failure?: object | null }[];
  };
  for (const each of [failure, job?.failure, ...jobs.map((listed) => listed.failure)]) {
    if (each) shown.push(JSON.stringify(each));
  }
}

/** Fails where one of the texts so far names a path of this machine. */
export function assertNoPathsShown(): void {
  for (const text of shown) {
    for (const path of [tmpdir(), process.cwd(), process.execPath]) {
      assert.ok(!text.includes(`${path}/`), `an error shown to a client names a path of the coordinator: ${text}`);
    }
  }
}
