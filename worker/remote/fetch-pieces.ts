import { writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { CoordinatorClient } from '../../proto/client/calls.js';
import { HalotileError } from '../../tiling/errors.js';
import { readPiece } from '../../tiling/stitch/copy-blocks.js';
import type { FileRef, InputPlace, InputRef } from '../../tiling/work/references.js';
import { BlockAssembler, streamParts } from './fetch-blocks.js';
import { withRetries } from './retry.js';

const ENDING = /^\.[A-Za-z0-9]{1,8}$/;

/** A granted task, as far as what it reads is concerned. */
export interface PiecesWanted {
  readonly client: CoordinatorClient;
  /** The coordinator's name of the job. */
  readonly job: string;
  readonly task: { readonly stage: number; readonly index: number };
  readonly refs: readonly InputRef[];
  /** Folder for files that are handed on by their path, made when it is first asked for. */
  readonly scratch: () => string;
}

/**
 * Fetches what is to be sent of a task's files and pieces, and looks whether the others hold what they should; returns
 * where each input is now. What is read only where another one is lost is fetched only then.
 * @throws not-found where the task is not wanted any more
 */
export async function fetchPieces(wanted: PiecesWanted, places: readonly InputPlace[]): Promise<readonly InputPlace[]> {
  const { refs } = wanted;
  const found = [...places];
  const fileAt = (position: number) => refs[position] as FileRef;
  const isSent = (position: number) => places[position]!.kind === 'sent';
  const positions = [...places.keys()];
  const fetched = async (some: readonly number[]) => {
    for (const position of some) found[position] = { kind: 'lost' };
    for (const [position, place] of await fetchSome(wanted, some)) found[position] = place;
  };
  await fetched(positions.filter((position) => isSent(position) && fileAt(position).unless === undefined));
  const second = positions.filter((position) => isSent(position) && fileAt(position).unless !== undefined);
  const needed = new Set(second.map((position) => fileAt(position).unless!));
  for (const position of needed) if (!holds(fileAt(position), found[position]!)) found[position] = { kind: 'lost' };
  const [kept, missing] = [true, false].map((there) =>
    second.filter((position) => (found[fileAt(position).unless!]!.kind !== 'lost') === there),
  ) as [number[], number[]];
  for (const position of kept) found[position] = { kind: 'lost' };
  await fetched(missing);
  return found;
}

function holds({ length = 0, crc }: FileRef, place: InputPlace): boolean {
  if (place.kind === 'held') return crc32(place.content) === crc;
  if (place.kind !== 'piece') return false;
  const bytes = readPiece(place.path, place.offset ?? 0, length);
  return bytes !== undefined && crc32(bytes) === crc;
}

async function fetchSome(
  { client, job, task, refs, scratch }: PiecesWanted,
  positions: readonly number[],
): Promise<Map<number, InputPlace>> {
  const places = new Map<number, InputPlace>();
  if (positions.length === 0) return places;
  const answered = new Set<number>();
  await withRetries(async () => {
    const files = new BlockAssembler((position, content) => {
      answered.add(position);
      const { path, length, bytesFrom } = refs[position] as FileRef;
      if (length !== undefined || bytesFrom?.every((byte, at) => content[at] === byte)) {
        places.set(position, { kind: 'held', path, content });
        return;
      }
      // A few formats are told by the file's ending.
      const ending = extname(path);
      const copy = join(scratch(), `${position}${ENDING.test(ending) ? ending : ''}`);
      writeFileSync(copy, content);
      places.set(position, { kind: 'piece', path: copy });
    });
    const pieces = positions.filter((position) => !answered.has(position));
    await streamParts(client, { key: job, task, pieces }, (part) => {
      if (part.lost) answered.add(part.index);
      else files.add(part);
    });
    if (positions.some((position) => !answered.has(position))) {
      throw new HalotileError('data-loss', { what: 'fewer files came than were asked for', where: client.address });
    }
  });
  return places;
}
