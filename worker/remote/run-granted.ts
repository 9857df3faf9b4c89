import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { pack } from '../../proto/convert/pack.js';
import { calledBy, type ErrorRecord, HalotileError } from '../../tiling/errors.js';
import { makeScratchFolder } from '../../tiling/sources/scratch-folder.js';
import { type DataOf, type KindName, kindOf } from '../../tiling/work/index.js';
import { type InputPlace, type InputRef, lostPath } from '../../tiling/work/references.js';
import type { TaskResult } from '../../tiling/work/task.js';
import { runWith, type ThreadTask } from '../work/run-task.js';
import { commitResult } from './commit-result.js';
import { fetchPieces } from './fetch-pieces.js';
import { GrantedOutbox } from './granted-outbox.js';
import { CLIENTS } from './remote-storage.js';

/**
 * Runs a granted task: what is sent is fetched, then the kind's runner works, and a result that brings bytes is
 * handed over.
 * @throws not-found where nobody waits for the result any more
 */
export async function runGranted<K extends KindName>(on: ThreadTask<K>): Promise<TaskResult<K>> {
  const { job, task, thread, open } = on;
  const { to, lease, instance, spill, traceparent } = task.granted!;
  const client = CLIENTS.of(to.endpoint);
  const kind = kindOf(task.kind);
  const refs = kind.reads?.(task.data) ?? [];
  let made: string | undefined;
  const scratch = () => {
    made ??= makeScratchFolder(tmpdir(), 'halotile-task');
    return made;
  };
  const outbox = new GrantedOutbox({ lease, incoming: job.incoming, spill }, thread.name);
  let places: readonly InputPlace[] = [];
  try {
    places = await fetchPieces({ client, job: to.job, task, refs, scratch }, task.places ?? []);
    const data = places.length === 0 ? task.data : (kind.placed!(task.data, places) as DataOf<K>);
    const byReference = task.places?.some((place) => place.kind === 'piece' || place.kind === 'file') ?? false;
    const named = (error: ErrorRecord) => inCoordinatorsNames(error, refs, places);
    const result = await runWith({ ...on, data, outbox, byReference, named });
    const blocks = job.sink?.kind === 'coordinator' && result.blocks.length > 0 ? open().sink.taken!() : [];
    const value = pack(result.value);
    if (blocks.length + outbox.carried.size + value.pieces.length === 0) return result;
    const bytes = { blocks, files: outbox.carried, value, traceparent };
    await commitResult(client, { key: to.job, lease, instance }, result, bytes);
    return { ...result, committed: true };
  } catch (error) {
    if (!(error instanceof HalotileError)) throw error;
    const { tag, detail } = inCoordinatorsNames({ tag: error.tag, detail: error.detail }, refs, places);
    throw new HalotileError(tag, detail);
  } finally {
    outbox.close();
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
  }
}

/** A failure names files as the coordinator does. */
function inCoordinatorsNames(
  { tag, detail }: ErrorRecord,
  refs: readonly InputRef[],
  places: readonly InputPlace[],
): ErrorRecord {
  const names = new Map(
    places.flatMap((place, position): (readonly [string, string])[] => {
      const { path } = refs[position]!;
      if (place.kind === 'lost') return [[lostPath(path), path]];
      return place.kind === 'piece' ? [[place.path, path]] : [];
    }),
  );
  return { tag, detail: calledBy(detail, (path) => names.get(path) ?? path) };
}
