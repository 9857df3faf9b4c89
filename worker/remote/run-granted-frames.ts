import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorRecord, HalotileError } from '../../tiling/errors.js';
import type {
  BandToRemap,
  CountReply,
  CountTask,
  RemapTask,
  SpilledFrame,
} from '../../tiling/palette/frame-execution.js';
import type { CarriedReply } from '../../tiling/palette/frame-reply.js';
import { type FilePlace, filesOf, isBand, placedTask, positionsOf } from '../../tiling/palette/frame-task.js';
import { countBand, remapBand } from '../frames/band-tasks.js';
import { countFrames } from '../frames/count-frames.js';
import type { GrantedFrames } from '../frames/granted-frames.js';
import { remapFrames } from '../frames/remap-frames.js';
import { readSpilled } from '../frames/spill-file.js';
import { ClientPool } from './client-pool.js';
import { commitFrames } from './commit-frames.js';
import { fetchFiles } from './fetch-files.js';

/** Pixels that travel with one result at most; frames beyond it are read anew when they are remapped. */
const CARRIED_BYTES = 64 << 20;

const clients = new ClientPool();

/**
 * Runs a granted task and commits its result. Files that only the coordinator sees are fetched into a scratch
 * folder first.
 * @throws not-found where nobody waits for the result any more; bad-input where a frame that was read by
 * reference cannot be read, so that the caller tries again with what the coordinator sends
 */
export async function runGrantedFrames(granted: GrantedFrames): Promise<void> {
  const client = clients.of(granted.endpoint);
  const scratch = mkdtempSync(join(tmpdir(), 'halotile-frames-'));
  try {
    const places = await placesOf(granted, scratch);
    const carried = await runHere(granted, places, scratch);
    await commitFrames(client, granted, carried);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Where every file of the task lies here, fetched where it has to be. */
async function placesOf(granted: GrantedFrames, scratch: string): Promise<(FilePlace | undefined)[]> {
  const { frames, places, rasters, endpoint, job, tile } = granted;
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
    return length === undefined ? { path: join(scratch, `${position}.lost`) } : undefined;
  });
  if (isBand(frames)) return found;
  const fetch = async (positions: readonly number[]) => {
    const away = positions.filter((position) => places[position] === null && rasters[position] === null);
    const fetched = await fetchFiles(clients.of(endpoint), granted, away, scratch);
    for (const [position, path] of fetched) found[position] = { path };
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
  return readSpilled({ ...spilled, file: place.path, offset: place.offset ?? 0 }) !== undefined;
}

async function runHere(
  granted: GrantedFrames,
  places: readonly (FilePlace | undefined)[],
  scratch: string,
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
        return await count(granted, placed.task, { scratch, names });
      case 'remap':
        return await remap(granted, placed.task, scratch);
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
  { scratch, names }: { readonly scratch: string; readonly names: readonly [string, string][] },
): Promise<CarriedReply> {
  const reply = await countFrames({ ...task, spill: task.spill && (spill ?? scratch) });
  const failures = reply.failures.map(({ index, error }) => ({ index, error: renamed(error, names) }));
  const [first] = failures;
  if (first !== undefined && places.some((path) => path !== null)) {
    throw new HalotileError(first.error.tag, first.error.detail);
  }
  const counted: CountReply = { ...reply, failures };
  if (task.spill === null || spill !== null) return { reply: { kind: 'count', reply: counted }, carried: new Map() };
  const carried = carriedPixels(counted, task.chain);
  const kept = counted.frames.map((frame) => ({ ...frame, spilled: carried.has(frame.index) ? frame.spilled : null }));
  return { reply: { kind: 'count', reply: { ...counted, frames: kept } }, carried };
}

/**
 * Downscaled frames to be kept by the coordinator: those that took a chain, or whose pixels are fewer bytes than
 * their file, which otherwise would travel once more.
 */
function carriedPixels({ frames, bytesRead }: CountReply, chain: CountTask['chain']): Map<number, Uint8Array> {
  const carried = new Map<number, Uint8Array>();
  let room = chain === null ? Math.min(CARRIED_BYTES, bytesRead) : CARRIED_BYTES;
  for (const { index, spilled, fromSpill } of frames) {
    const pixels = spilled === null || fromSpill ? undefined : readSpilled(spilled)?.rgba;
    if (pixels === undefined || pixels.length > room) continue;
    room -= pixels.length;
    carried.set(index, pixels);
  }
  return carried;
}

async function remap(granted: GrantedFrames, task: RemapTask, scratch: string): Promise<CarriedReply> {
  const { incoming } = granted;
  const frames = task.frames.map((frame) => {
    return { ...frame, output: frame.output && outputOf(granted, scratch, frame.index) };
  });
  const outputs = await remapFrames({ ...task, frames });
  const written = incoming === null ? frames.filter(({ output }) => output !== null) : [];
  const carried = new Map(written.map(({ index, output }) => [index, readFileSync(output!)]));
  return { reply: { kind: 'remap', reply: outputs }, carried };
}

async function writeBand(granted: GrantedFrames, task: BandToRemap, scratch: string): Promise<CarriedReply> {
  const output = outputOf(granted, scratch, 0);
  const band = await remapBand({ ...task, output });
  const carried = granted.incoming === null ? new Map([[0, readFileSync(output)]]) : new Map();
  return { reply: { kind: 'remap-band', reply: { ...band, bytes: statSync(output).size } }, carried };
}

/** Where a result is written: what the coordinator moves has the lease in its name. */
function outputOf({ incoming, lease }: GrantedFrames, scratch: string, index: number): string {
  return join(incoming ?? scratch, `${lease}-${index}`);
}

function renamed({ tag, detail }: ErrorRecord, names: readonly [string, string][]): ErrorRecord {
  const fields = Object.entries(detail).map(([field, text]: [string, string]) => [
    field,
    names.reduce((result, [here, there]) => result.replaceAll(here, there), text),
  ]);
  return { tag, detail: { ...detail, ...Object.fromEntries(fields) } };
}
