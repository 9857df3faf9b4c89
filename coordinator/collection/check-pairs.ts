import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breath } from 'node:timers/promises';
import { breathing } from '../../tiling/breath.js';
import { badInput, type ErrorDetail, HalotileError, sentenceOf } from '../../tiling/errors.js';
import { area } from '../../tiling/geometry/rect.js';
import { type CollectionSpec, imageJobOf } from '../../tiling/job/collection-spec.js';
import { inputPaths } from '../../tiling/job/job-inputs.js';
import {
  endingFormatOf,
  outputFolderOf,
  TABLE_ENDINGS,
  tableFormatOf,
  WRITTEN_ENDINGS,
} from '../../tiling/job/output-format.js';
import { isOfShard, type Shard } from '../../tiling/job/shard.js';
import { isUrl, nameBelow } from '../../tiling/places/url.js';
import { checkMap } from '../../tiling/plan/job-images.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import { seenFiles } from '../../tiling/sources/fingerprint.js';
import { WrittenFiles } from '../../tiling/stitch/overwrites.js';
import { joined, type NameOfFile, said, textOf, type Words } from '../../tiling/words.js';
import { REPORT_FILES } from '../dataset/frames/frame-list.js';
import { PackedRecords } from '../find/packed-records.js';
import type { PackedText } from '../find/packed-strings.js';
import { digestOf } from '../job/prepare-job.js';
import { type DoneImage, type EarlierImages, outputsOfShares } from './collection-ledger.js';
import { type CollectionImage, type FoundCollection, readBeside } from './find-collection.js';
import { lookAt } from './look-at.js';

/** An image that cannot be processed, and why. */
export interface ImageFault {
  readonly image: string;
  readonly detail: ErrorDetail;
}

/** An {@link ImageFault} for people. */
export interface CollectionFault {
  readonly image: string;
  readonly message: string;
}

/** A fault in the words of who asked for the job. */
export function toldFault({ image, detail }: ImageFault, nameOf: NameOfFile): CollectionFault {
  return { image: nameOf(image), message: textOf(sentenceOf(detail), nameOf) };
}

/** An image that may run. */
export interface SoundImage extends CollectionImage {
  readonly digest: string;
  /** Pixels of the image, where its header was read. */
  readonly pixels: number;
  /** What an earlier run made of it that still holds. */
  readonly done?: DoneImage;
}

/** Pairs, looked over before any work; few arrays, however many there are. */
export interface CheckedPairs {
  /** Of {@link SoundImage}, in the order of the job. */
  readonly sound: PackedText;
  /** Pixels of each of them. */
  readonly pixels: Float64Array;
  /**
   * Of each: samples of image and map, and the sizes of all files that its job reads; endless where one of them is
   * remote, 0 where headers were not read.
   */
  readonly inputBytes: Float64Array;
  /** 1 for each that an earlier run finished and that is as it was. */
  readonly reused: Uint8Array;
  /** Of {@link ImageFault}: images that others of the job do not suffer from. */
  readonly faults: PackedText;
}

/** What images are held against beside each other. */
export interface PairChecks {
  /** Folder of reports and state. */
  readonly home: string;
  /** Called with every input and output; refuses by throwing. */
  readonly allow?: ((path: string, right: 'read' | 'write') => void) | undefined;
  /** Opens no image but those of this share; all where absent. */
  readonly shard?: Shard | undefined;
}

/** Headers that are read at a time. */
const LOOKS_AT_ONCE = 16;
/** Faults that an error names; the report and the listener hear of all. */
const NAMED_FAULTS = 10;
const MAX_MESSAGE_CHARACTERS = 2500;

/**
 * Looks over all images of a collection before any work: that two do not become one file, that no input is written
 * over, that maps are there and of their image's size, that headers can be read. Images that an earlier run finished
 * and that are as they were are not opened.
 * @throws HalotileError bad-usage where the job as a whole cannot be done
 */
export async function checkPairs(
  spec: CollectionSpec,
  found: FoundCollection,
  ledger: EarlierImages,
  { home, allow = () => {}, shard }: PairChecks,
): Promise<CheckedPairs> {
  const byMap = resolveOperations(spec.operations, { map: true }).some((operation) => operation.byMap);
  const all = withoutOutputs(found, ledger);
  if (all.length === 0) {
    throw badInput({ what: 'no images but outputs of earlier runs', file: found.root, expected: 'some' });
  }
  // Names are held against those of all shares: none writes what another one reads.
  const conflicts = await conflictsOf(spec, home, all);
  if (conflicts.length > 0) throw faultsError(conflicts, all.length);
  const nameOf = (output: string) => nameBelow(found.root, output);
  const images = shard === undefined ? all : all.filter(({ output }) => isOfShard(nameOf(output), shard));
  const remaining = images.entries();
  const places: (LookedAt | ImageFault)[] = [];
  const lane = async () => {
    for (const [index, image] of remaining) {
      // Headers are read here: others of this process must have their turn.
      await breath();
      try {
        for (const path of [image.image, ...readBeside(image)]) allow(path, 'read');
        allow(image.output, 'write');
        places[index] = await lookOver(spec, image, { ledger, byMap });
      } catch (error) {
        if (!(error instanceof HalotileError)) throw error;
        places[index] = { image: image.image, detail: error.detail };
      }
    }
  };
  await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, lane));
  return packed(places);
}

/** An image that may run, and its {@link CheckedPairs.inputBytes}. */
interface LookedAt {
  readonly image: SoundImage;
  readonly inputBytes: number;
}

async function packed(places: readonly (LookedAt | ImageFault)[]): Promise<CheckedPairs> {
  const sound = new PackedRecords<SoundImage>();
  const faults = new PackedRecords<ImageFault>();
  const pixels = new Float64Array(places.length);
  const inputBytes = new Float64Array(places.length);
  const reused = new Uint8Array(places.length);
  for await (const place of breathing(places)) {
    if ('detail' in place) {
      faults.push(place);
      continue;
    }
    const { image } = place;
    pixels[sound.length] = image.pixels;
    inputBytes[sound.length] = place.inputBytes;
    reused[sound.length] = image.done === undefined ? 0 : 1;
    sound.push(image);
  }
  const count = sound.length;
  return {
    ...{ sound: sound.packed, faults: faults.packed },
    ...{ pixels: pixels.slice(0, count), inputBytes: inputBytes.slice(0, count), reused: reused.slice(0, count) },
  };
}

/** One error for all faults, which names the first of them. */
export function faultsError(faults: Pick<PackedRecords<ImageFault>, 'length' | 'at'>, images: number): HalotileError {
  const named: Words[] = [];
  let characters = 0;
  while (named.length < Math.min(faults.length, NAMED_FAULTS)) {
    const sentence = sentenceOf(faults.at(named.length)!.detail);
    characters += textOf(sentence).length;
    if (named.length > 0 && characters > MAX_MESSAGE_CHARACTERS) break;
    named.push(sentence);
  }
  const more = faults.length > named.length ? `; and ${faults.length - named.length} more` : '';
  return badInput({
    what: said`${faults.length} of ${images} images cannot be processed: ${joined(named, '; ')}${more}`,
  });
}

async function lookOver(
  spec: CollectionSpec,
  pair: CollectionImage,
  { ledger, byMap }: { readonly ledger: EarlierImages; readonly byMap: boolean },
): Promise<LookedAt> {
  const { image, map } = pair;
  if (byMap && map === undefined && spec.mapOperations === undefined) refuseWithoutMap(spec, image);
  if (map !== undefined && !isUrl(map) && statSync(map, { throwIfNoEntry: false }) === undefined) {
    throw badInput({
      what: said`its map ${{ file: map }} is not there`,
      file: image,
      expected: 'a map for every image',
    });
  }
  const job = imageJobOf(spec, pair);
  const files = await seenFiles(inputPaths(job));
  const digest = digestOf(job, files);
  const done = await ledger.of(pair.output);
  if (done?.digest === digest) {
    return { image: { ...pair, digest, done, pixels: done.width * done.height }, inputBytes: 0 };
  }
  const info = await lookAt(image, job);
  let inputBytes = files.reduce((sum, { path, fingerprint }) => {
    return sum + (isUrl(path) ? Number.POSITIVE_INFINITY : Number(fingerprint.size));
  }, samplesBytes(info));
  if (map !== undefined) {
    const mapInfo = await lookAt(map);
    checkMap({ path: image, info }, { path: map, info: mapInfo });
    inputBytes += samplesBytes(mapInfo);
  }
  return { image: { ...pair, digest, pixels: area(info) }, inputBytes };
}

function samplesBytes(info: RasterInfo): number {
  return area(info) * info.channels * SAMPLE_BYTES[info.dtype];
}

/** Says which operation lacks a map, and by which parameter it would do without. */
function refuseWithoutMap({ operations }: CollectionSpec, image: string): never {
  try {
    resolveOperations(operations, { map: false });
  } catch (error) {
    throw badInput(
      { what: sentenceOf((error as HalotileError).detail), file: image, expected: 'a map for every image' },
      error,
    );
  }
  throw new Error('a chain by map resolves without one');
}

/** Without the images that an earlier run of the folder made of others: a pattern may lead to outputs that lie beside. */
function withoutOutputs({ images, root }: FoundCollection, ledger: EarlierImages): readonly CollectionImage[] {
  const ofShares = isUrl(root) ? new Set<string>() : outputsOfShares(root);
  const makers = new Map(images.map(({ image, output }) => [output, image]));
  return images.filter(({ image, met }) => {
    if (!met || (makers.get(image) ?? image) === image) return true;
    return !ledger.knows(image) && !ofShares.has(image);
  });
}

/** What is wrong with the names of a job, whatever the files hold. */
async function conflictsOf(
  spec: CollectionSpec,
  root: string,
  images: readonly CollectionImage[],
): Promise<ImageFault[]> {
  const faults: ImageFault[] = [];
  const makers = new Map<string, string>();
  for (const { image, output } of images) {
    if ((spec.measure === undefined ? endingFormatOf(output) : tableFormatOf(output)) === undefined) {
      const what = said`its output ${{ file: output }} is of no kind that is written`;
      const endings = spec.measure === undefined ? WRITTEN_ENDINGS : TABLE_ENDINGS;
      faults.push({ image, detail: { what, file: image, remedy: `end its name in ${endings}` } });
    }
    const other = makers.get(output);
    if (other === undefined) makers.set(output, image);
    else {
      const what = said`it would become ${{ file: output }} like ${{ file: other }}`;
      faults.push({ image, detail: { what, file: image, remedy: 'name outputs by {dir} and {name} or {ext} too' } });
    }
  }
  function* outputs(): Generator<string> {
    for (const file of REPORT_FILES) yield join(root, file);
    for (const { output } of images) yield output;
  }
  let written: WrittenFiles;
  try {
    const folders = images.flatMap(({ output }) => outputFolderOf(output) ?? []);
    written = await WrittenFiles.ofMany({ files: outputs, folders: [join(root, '.halotile'), ...folders] });
  } catch (error) {
    if (error instanceof HalotileError) return [...faults, { image: root, detail: error.detail }];
    throw error;
  }
  const refuse = (path: string, image: string) => {
    try {
      written.refuse(path);
    } catch (error) {
      if (!(error instanceof HalotileError)) throw error;
      faults.push({ image, detail: error.detail });
    }
  };
  for await (const each of breathing(images)) {
    for (const path of [each.image, ...readBeside(each)]) refuse(path, each.image);
  }
  const own = new Set(images.flatMap((each) => [each.image, ...readBeside(each)]));
  for (const path of inputPaths({ ...spec, images: [], map: undefined, measure: undefined }))
    if (!own.has(path)) refuse(path, path);
  return faults;
}
