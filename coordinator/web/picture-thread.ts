import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { workerData as site } from 'node:worker_threads';
import { readPlaces } from '../../threads/places/place-reader.js';
import { badInput, type ErrorRecord, HalotileError, toErrorRecord } from '../../tiling/errors.js';
import type { Wanted } from '../../tiling/sources/open-raster.js';
import { partialPaths } from '../../tiling/stitch/partial.js';
import { FilePicture } from '../../tiling/view/file-picture.js';
import { type IiifPath, readIiif, xyzRegion } from '../../tiling/view/iiif.js';
import { PartialPicture } from '../../tiling/view/partial-picture.js';
import type { Picture } from '../../tiling/view/picture.js';
import { type PictureFormat, render } from '../../tiling/view/render.js';
import { type PictureStyle, type ToneRange, toneRange } from '../../tiling/view/tone.js';
import { type FollowedTiles, followedTiles } from './followed-tiles.js';

readPlaces();

/** Where pictures that have no random access are converted to. */
export interface PictureSite {
  readonly scratch: string;
}

/** A picture: a finished file, or an unfinished output by the path that it will have. */
export interface PicturePlace {
  readonly path: string;
  readonly unfinished: boolean;
  /** Which image of a file, and whether upright, as its job reads it. */
  readonly wanted?: Wanted;
}

/** An error comes back as data. */
export type PictureAnswer<T> = { readonly value: T } | { readonly error: ErrorRecord };

/** A picture as it can be read now. */
export interface PictureFacts {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: string;
  readonly tileSide: number;
  readonly finishedShare: number;
  readonly own: ToneRange;
  readonly map: ToneRange;
}

/** How a picture is to look. */
export interface Look {
  readonly style: PictureStyle;
  /** What the picture itself spans where absent. */
  readonly range?: ToneRange;
}

/** A part of a picture, by either kind of URL. */
export type PartRequest =
  | { readonly iiif: IiifPath }
  | { readonly xyz: readonly [number, number, number]; readonly format: PictureFormat };

/** Files that are open at once; each may hold two dozen MiB of decoded blocks. */
const MAX_OPEN = 12;
/** How long the first look at a picture without overviews waits for its small level. */
const FILL_WAIT_MS = 4000;

interface OpenPicture {
  readonly picture: Picture;
  readonly stamp: string;
  ranges: Map<boolean, ToneRange>;
  /** The wait of whoever looked first. */
  filled: Promise<void> | undefined;
}

/** Least recently used first. */
const open = new Map<string, Promise<OpenPicture>>();
/** Pictures that were opened, which names their scratch folders. */
let opened = 0;

/** What a picture is. */
export function describe(place: PicturePlace): Promise<PictureAnswer<PictureFacts>> {
  return answered(async () => {
    const opened = await pixelsAt(place);
    const { info, tileSide, finishedShare } = opened.picture;
    const { width, height, channels, dtype } = info;
    const [own, map] = [await rangeOf(opened, false), await rangeOf(opened, true)];
    return { width, height, channels, dtype, tileSide, finishedShare, own, map };
  });
}

/** A part of a picture, encoded. */
export function part(request: {
  place: PicturePlace;
  of: PartRequest;
  look: Look;
}): Promise<PictureAnswer<{ readonly bytes: Uint8Array; readonly format: PictureFormat }>> {
  return answered(async () => {
    const opened = await pixelsAt(request.place);
    const { picture } = opened;
    const { of, look } = request;
    const wanted =
      'iiif' in of ? readIiif(of.iiif, picture.info) : { ...xyzRegion(picture.info, of.xyz), format: of.format };
    const range = look.range ?? (await rangeOf(opened, look.style === 'heat'));
    return { bytes: await render(picture, { ...wanted, ...range, style: look.style }), format: wanted.format };
  });
}

/** The samples of one pixel; undefined where it is not finished. */
export function values(request: {
  place: PicturePlace;
  x: number;
  y: number;
}): Promise<PictureAnswer<readonly number[] | undefined>> {
  return answered(async () => {
    const { picture } = await pictureAt(request.place);
    const { x, y } = request;
    const { width, height } = picture.info;
    if (x >= width || y >= height) {
      throw badInput({ what: `pixel ${x}, ${y} lies outside the image`, expected: `below ${width}, ${height}` });
    }
    const { samples, present } = await picture.read(0, { x, y, width: 1, height: 1 });
    return present?.[0] === 0 ? undefined : [...samples];
  });
}

/** Tiles of an unfinished output beside the first `from` of its ledger, which were told before. */
export function tiles(request: { place: PicturePlace; from: number }): Promise<PictureAnswer<FollowedTiles>> {
  return answered(async () => {
    const { picture } = await pictureAt(request.place);
    if (!(picture instanceof PartialPicture)) throw badInput({ what: 'the output is finished' });
    return followedTiles(picture.shape, picture.tiles.slice(request.from));
  });
}

/** What `job.json` of an unfinished output says of its job. */
export function about(place: PicturePlace): Promise<PictureAnswer<unknown>> {
  return answered(async () => {
    const { picture } = await pictureAt(place);
    return picture instanceof PartialPicture ? picture.about : undefined;
  });
}

async function answered<T>(answer: () => Promise<T>): Promise<PictureAnswer<T>> {
  try {
    return { value: await answer() };
  } catch (error) {
    return { error: toErrorRecord(error, 'bad-input') };
  }
}

/** Of what may still grow, the range is looked for again. */
async function rangeOf(opened: OpenPicture, stretch: boolean): Promise<ToneRange> {
  const known = opened.ranges.get(stretch);
  if (known !== undefined) return known;
  const range = await toneRange(opened.picture, stretch);
  if (opened.picture.finishedShare === 1) opened.ranges.set(stretch, range);
  return range;
}

/** A picture whose pixels are wanted: its small level is made meanwhile. */
async function pixelsAt(place: PicturePlace): Promise<OpenPicture> {
  const opened = await pictureAt(place);
  const filled = opened.picture.fill();
  // Most get their small level within the wait: nobody sees it come.
  opened.filled ??= Promise.race([filled, pause(FILL_WAIT_MS, undefined, { ref: false })]);
  await opened.filled;
  return opened;
}

async function pictureAt(place: PicturePlace): Promise<OpenPicture> {
  const { path, unfinished, wanted = {} } = place;
  const key = `${unfinished ? 'unfinished' : 'file'} ${wanted.page ?? ''} ${wanted.orient ?? ''} ${wanted.colour ?? ''} ${path}`;
  const stamp = stampOf(unfinished ? partialPaths(path).job : path);
  const before = await open.get(key)?.catch(() => undefined);
  if (before?.stamp === stamp) {
    open.delete(key);
    open.set(key, Promise.resolve(before));
    before.picture.refresh();
    return before;
  }
  before?.picture.close();
  const opening = openPicture(place).then((picture) => ({ picture, stamp, ranges: new Map(), filled: undefined }));
  open.set(key, opening);
  opening.catch(() => open.delete(key));
  for (const [oldest, opened] of open) {
    if (open.size <= MAX_OPEN) break;
    open.delete(oldest);
    // One that could not be opened has nothing to close; whoever asked for it is told.
    opened.then(({ picture }) => picture.close()).catch(() => {});
  }
  return opening;
}

async function openPicture({ path, unfinished, wanted }: PicturePlace): Promise<Picture> {
  if (unfinished) return new PartialPicture(partialPaths(path));
  return FilePicture.open(path, join((site as PictureSite).scratch, String(++opened)), wanted);
}

/** Changes when the file does. @throws bad-input where it is not there */
function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new HalotileError('not-found', { what: 'the picture is not there any more' });
  return `${stat.dev}/${stat.ino}/${stat.size}/${stat.mtimeMs}`;
}
