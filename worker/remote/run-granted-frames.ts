import { readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type ErrorRecord, HalotileError } from '../../tiling/errors.js';
import type { BandToRemap, CountTask, RemapTask, SpilledFrame } from '../../tiling/palette/frame-execution.js';
import type { CarriedReply } from '../../tiling/palette/frame-reply.js';
import {
  type FilePlace,
  filesOf,
  isBand,
  placedTask,
  positionsOf,
  spilledAt,
} from '../../tiling/palette/frame-task.js';
import { makeScratchFolder } from '../../tiling/sources/scratch-folder.js';
import { countBand, remapBand } from '../frames/band-tasks.js';
import { countFrames, countKeeping, type KeepFrame } from '../frames/count-frames.js';
import type { GrantedFrames } from '../frames/granted-frames.js';
import { type PutFrame, remapFrames } from '../frames/remap-frames.js';
import { readSpilled } from '../frames/spill-file.js';
import { ClientPool } from './client-pool.js';
import { commitFrames } from './commit-frames.js';
import { fetchFiles } from './fetch-files.js';

/** Pixels that travel with one result at most; frames beyond it are read anew when they are remapped. */
const CARRIED_BYTES = 64 << 20;

/** A folder of this attempt, made when it is first asked for. */
type Scratch = () => string;

const clients = new ClientPool();

/**
 * Runs a granted task and commits its result. Files that only the coordinator sees are fetched into a scratch
 * folder first.
 * @throws not-found where nobody waits for the result any more; bad-input where a frame that was read by
 * reference cannot be read, so that the caller tries again with what the coordinator sends
 */
export async function runGrantedFrames(granted: GrantedFrames): Promise<void> {
  const client = clients.of(granted.endpoint);
  let made: string | undefined;
  const scratch = () => {
    made ??= makeScratchFolder(tmpdir(), 'halotile-frames');
    return made;
  };
  try {
    const places = await placesOf(granted, scratch);
    const carried = await runHere(granted, places, scratch);
    await commitFrames(client, granted, carried);
  } finally {
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
  }
}

/** Where every file of the task lies here, fetched where it has to be. */
async function placesOf(granted: GrantedFrames, scratch: Scratch): Promise<(FilePlace | undefined)[]> {
  const { frames, places, rasters, endpoint, job, tile, lease } = granted;
  const files = filesOf(frames);
  const found = places.map((path, position): FilePlace | undefined => {
    const { offset, length, path: name } = files[position]!;
    const raster = rasters[position] ?? null;
    if (path !== null) return { path, offset };
    if (raster !== null) {
      const frame = { tile, file: position };
      return { path: name, fetched: { kind: 'coordinator', endpoint, job, role: 'frame-raster', frame, raster } };
    }
    // What is not fetched is not there: the coordinator's path may be another file here.
    return length === undefined ? { path: join(tmpdir(), 'halotile-lost', `${lease}-${position}`) } : undefined;
  });
  if (isBand(frames)) return found;
  const fetch = async (positions: readonly number[]) => {
    const away = positions.filter((position) => places[position] === null && rasters[position] === null);
    const fetched = await fetchFiles(clients.of(endpoint), granted, away, scratch);
    for (const [position, place] of fetched) found[position] = place;
  };
  const positions = positionsOf(frames);
  const first = positions.frames.flatMap(({ spilled, source }) => (spilled === undefined ? source : [spilled]));
  await fetch([...first, ...positions.extras]);
  // Spilled pixels that do not hold any more are made anew, from an image that was not fetched.
  const sources: number[] = [];
  for (const [index, { spilled, source }] of positions.frames.entries()) {
    if (spilled === undefined || holds(frames.task.frames[index]!.spilled, found[spilled])) continue;
    found[spilled] = undefined;
    sources.push(...source);
  }
  await fetch(sources);
  return found;
}

function holds(spilled: SpilledFrame | null | undefined, place: FilePlace | undefined): boolean {
  if (!spilled || place === undefined) return false;
  return readSpilled(spilledAt(spilled, place)) !== undefined;
}

async function runHere(
  granted: GrantedFrames,
  places: readonly (FilePlace | undefined)[],
  scratch: Scratch,
): Promise<CarriedReply> {
  const { frames } = granted;
  const placed = placedTask(frames, places);
  // Messages name files as the coordinator does.
  const names = filesOf(frames).flatMap(({ path }, position): [string, string][] => {
    const place = places[position];
    return place === undefined || place.path === path ? [] : [[place.path, path]];
  });
  try {
    switch (placed.kind) {
      case 'count':
        return await count(granted, placed.task, names);
      case 'remap':
        return await remap(granted, placed.task);
      case 'count-band':
        return { reply: { kind: 'count-band', reply: await countBand(placed.task) }, carried: new Map() };
      case 'remap-band':
        return await writeBand(granted, placed.task, scratch);
    }
  } catch (error) {
    if (!(error instanceof HalotileError)) throw error;
    throw new HalotileError(error.tag, renamed({ tag: error.tag, detail: error.detail }, names).detail);
  }
}

async function count(
  { places, spill }: GrantedFrames,
  task: CountTask,
  names: readonly [string, string][],
): Promise<CarriedReply> {
  const pixels = new Map<number, Uint8Array>();
  let held = 0;
  const hold: KeepFrame = (index, { rgba, size }) => {
    held += rgba.length;
    if (held > CARRIED_BYTES) return null;
    pixels.set(index, rgba);
    return { file: '', offset: 0, size, crc: crc32(rgba) };
  };
  const travels = task.spill !== null && spill === null;
  const reply = travels ? await countKeeping(task, hold) : await countFrames({ ...task, spill: task.spill && spill });
  const failures = reply.failures.map(({ index, error }) => ({ index, error: renamed(error, names) }));
  const [first] = failures;
  if (first !== undefined && places.some((path) => path !== null)) {
    throw new HalotileError(first.error.tag, first.error.detail);
  }
  // Without a chain, an image of fewer bytes than its pixels had better travel once more.
  const keeps = task.chain !== null || held <= reply.bytesRead;
  const carried = keeps ? pixels : new Map<number, Uint8Array>();
  const frames = reply.frames.map((frame) =>
    !travels || frame.fromSpill || carried.has(frame.index) ? frame : { ...frame, spilled: null },
  );
  return { reply: { kind: 'count', reply: { ...reply, frames, failures } }, carried };
}

async function remap(granted: GrantedFrames, task: RemapTask): Promise<CarriedReply> {
  const { incoming, lease } = granted;
  const carried = new Map<number, Uint8Array>();
  const outputOf = (index: number) => (incoming === null ? String(index) : writtenFile(incoming, lease, index));
  const frames = task.frames.map((frame) => ({ ...frame, output: frame.output && outputOf(frame.index) }));
  const hold: PutFrame = (output, png) => carried.set(Number(output), png);
  const reply = await remapFrames({ ...task, frames }, incoming === null ? hold : undefined);
  return { reply: { kind: 'remap', reply }, carried };
}

async function writeBand(granted: GrantedFrames, task: BandToRemap, scratch: Scratch): Promise<CarriedReply> {
  const output = writtenFile(granted.incoming ?? scratch(), granted.lease, 0);
  const band = await remapBand({ ...task, output });
  const carried = granted.incoming === null ? new Map([[0, readFileSync(output)]]) : new Map();
  return { reply: { kind: 'remap-band', reply: { ...band, bytes: statSync(output).size } }, carried };
}

/** Where a result is written: what the coordinator moves has the lease in its name. */
function writtenFile(folder: string, lease: number, index: number): string {
  return join(folder, `${lease}-${index}`);
}

function renamed({ tag, detail }: ErrorRecord, names: readonly [string, string][]): ErrorRecord {
  const fields = Object.entries(detail).map(([field, text]: [string, string]) => [
    field,
    names.reduce((result, [here, there]) => result.replaceAll(here, there), text),
  ]);
  return { tag, detail: { ...detail, ...Object.fromEntries(fields) } };
}
