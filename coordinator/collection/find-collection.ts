import { basename, dirname, relative, resolve, sep } from 'node:path';
import { breathing } from '../../tiling/breath.js';
import { badInput, badUsage, HalotileError } from '../../tiling/errors.js';
import type { CollectionSpec, ImageFiles } from '../../tiling/job/collection-spec.js';
import { fillTemplate, fixedFolder, isTemplate, partsOfName } from '../../tiling/job/name-template.js';
import { pagesIn } from '../../tiling/job/page-range.js';
import type { Shard } from '../../tiling/job/shard.js';
import { absoluteName, fileNameOf, isUrl } from '../../tiling/places/url.js';
import { filePages } from '../../tiling/sources/file-pages.js';
import { findImages, IMAGE_ENDINGS, ZARR_ENDING } from '../find/find-images.js';
import { checkObjectOutput, stagingOf } from '../job/output-place.js';

/** An image of a collection with its map and the file that it becomes; absolute paths. */
export interface CollectionImage extends ImageFiles {
  /** Whether the image was met in a folder or by a pattern, and not named. */
  readonly met: boolean;
}

/** A collection as its names were found to mean. */
export interface FoundCollection {
  /** In the order in which the job names them, those of a folder or pattern by their paths. */
  readonly images: readonly CollectionImage[];
  /** Folder that the outputs lie below. */
  readonly root: string;
  /** Files in folders that are no images, by ending in lower case. */
  readonly passedOver: Readonly<Record<string, number>>;
}

/** Files in folders that are images of a collection, by ending. */
const ENDINGS: readonly string[] = [...IMAGE_ENDINGS, '.btf', '.tf8', '.gtiff', '.svs', ZARR_ENDING];

/** Folder among the outputs that holds the reports and state of shares. */
export const SHARES = '.halotile-shares';

/** An image before its names are filled in. */
interface Named {
  readonly path: string;
  readonly page?: number;
  /** Folder below the one that was searched, with "/". */
  readonly dir: string;
  readonly map?: string;
  readonly output?: string;
  readonly met: boolean;
}

/**
 * The images of a collection, each with its map and output. An image that another one reads beside itself is passed over
 * where a folder or pattern led to it.
 * @param date day of the run, YYYY-MM-DD
 * @throws HalotileError bad-input where something is not there or nothing is found
 */
export async function findCollection(spec: CollectionSpec, date: string): Promise<FoundCollection> {
  const others = new Map<string, number>();
  const root = outputRoot(spec);
  const named = await namedImages(spec, others);
  const output = outputTemplate(spec);
  const paged = spec.pages === undefined ? named : await pagesOf(named, spec.pages);
  const all = paged.map(({ path, page, dir, met, ...own }): CollectionImage => {
    const number = String(page ?? spec.page ?? 1);
    const words = { ...partsOfName(isUrl(path) ? fileNameOf(path) : basename(path)), dir, page: number, date };
    const map = own.map ?? (spec.map === undefined ? undefined : absoluteName(fillTemplate(spec.map, words)));
    const measured = spec.measure?.images.map((name) => absoluteName(fillTemplate(name, words)));
    return {
      ...{ image: path, met, output: checkedOutputName(own.output ?? absoluteName(fillTemplate(output, words)), root) },
      ...(page !== undefined && { page }),
      ...(map !== undefined && { map }),
      ...(measured !== undefined && { measured }),
    };
  });
  const maps = new Map<string, string>();
  for (const each of all) for (const read of readBeside(each)) maps.set(read, each.image);
  const images = all.filter(({ image, met }) => !met || (maps.get(image) ?? image) === image);
  if (images.length === 0) {
    const seen = [...others].map(([ending, count]) => `${count} × ${ending || 'no ending'}`).join(', ');
    const where = spec.images.map((each) => (typeof each === 'string' ? each : each.image)).join(' ');
    throw badInput({ what: 'no images', where: seen === '' ? where : `${where} (${seen})`, expected: 'some' });
  }
  return {
    images,
    root,
    passedOver: Object.fromEntries([...others].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** What the job of an image reads beside it. */
export function readBeside({ map, measured = [] }: ImageFiles): readonly string[] {
  return map === undefined ? measured : [map, ...measured];
}

/** Folder or URL that the outputs of a collection lie below. */
export function outputRoot(spec: CollectionSpec): string {
  return absoluteName(fixedFolder(outputTemplate(spec)));
}

function outputTemplate({ output, pages }: CollectionSpec): string {
  if (isTemplate(output)) return output;
  return `${output.replace(/\/+$/, '')}/{dir}/${pages === undefined ? '{name}' : '{name}-{page}'}.tif`;
}

/** What is remembered of outputs, and their report, have one place for all. @throws bad-usage */
function checkedOutputName(output: string, root: string): string {
  if (isUrl(root)) checkObjectOutput(output);
  else if (isUrl(output)) {
    throw badUsage({ what: 'an output in a store among files', file: output, expected: `a file, as below ${root}` });
  }
  return output;
}

/** Each page by itself of each image that has none of its own; an image that cannot be read stays one, and is told of when all are looked over. */
async function pagesOf(images: readonly Named[], range: string): Promise<Named[]> {
  const paged: Named[] = [];
  for (const image of images) {
    if (image.page !== undefined) {
      paged.push(image);
      continue;
    }
    const pages = await filePages(image.path).catch((error: unknown) => {
      if (error instanceof HalotileError && error.tag === 'bad-input') return undefined;
      throw error;
    });
    if (pages === undefined) paged.push(image);
    else for (const page of pagesIn(range, pages, image.path)) paged.push({ ...image, page });
  }
  return paged;
}

async function namedImages({ images }: CollectionSpec, others: Map<string, number>): Promise<Named[]> {
  const named: Named[] = [];
  const files: string[] = [];
  for (const each of images) {
    if (typeof each !== 'string') {
      const { image, page, map, output } = each;
      named.push({
        ...{ path: absoluteName(image), dir: '', met: false },
        ...(page !== undefined && { page }),
        ...(map !== undefined && { map: absoluteName(map) }),
        ...(output !== undefined && { output: absoluteName(output) }),
      });
      continue;
    }
    if (isUrl(each)) {
      files.push(each);
      continue;
    }
    const found: Named[] = [];
    for await (const one of breathing(await findImages(each, others, ENDINGS))) {
      const path = absoluteName(one.path);
      if (one.by === 'folder') found.push({ path, dir: folderOf(one.name), met: true });
      else if (one.by === 'pattern') found.push({ path, dir: below(patternBase(each), path), met: true });
      else if (one.by === 'manifest') {
        const { map, output } = one.row;
        found.push({
          ...{ path, dir: isUrl(path) ? '' : below(resolve(dirname(each)), path), met: false },
          ...(map !== undefined && { map: absoluteName(map) }),
          ...(output !== undefined && { output: absoluteName(output) }),
        });
      } else files.push(path);
    }
    // The order of a disk is no order; that of a manifest is its own.
    if (found[0]?.met) found.sort((a, b) => (a.path < b.path ? -1 : 1));
    for (const one of found) named.push(one);
  }
  const base = commonFolder(files.filter((path) => !isUrl(path)));
  for (const path of files) named.push({ path, dir: isUrl(path) ? '' : below(base, path), met: false });
  return named;
}

/** The folders of a name with "/"; empty where it has none. */
function folderOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

/** The folder of a pattern up to its first part that is one. */
function patternBase(pattern: string): string {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => /[*?[\]{}()!+@]/.test(part));
  return resolve(parts.slice(0, first).join('/') || (pattern.startsWith('/') ? '/' : '.'));
}

/** The folder of a file below another, with "/"; empty where it lies right in it or elsewhere. */
function below(base: string, path: string): string {
  const folder = relative(base, dirname(path));
  return folder === '..' || folder.startsWith(`..${sep}`) ? '' : folder.split(sep).join('/');
}

/** The deepest folder that all of some files lie below. */
function commonFolder(files: readonly string[]): string {
  let common = dirname(files[0] ?? '/');
  for (const file of files) while (!`${file}`.startsWith(common === '/' ? '/' : `${common}/`)) common = dirname(common);
  return common;
}

/**
 * Where the reports of a run are: in the folder of the outputs, or of one share in a folder in it: shares run at the same
 * time, on machines that know nothing of each other.
 */
export function reportPlace(root: string, shard: Shard | undefined): string {
  return shard === undefined ? root : `${root}/${SHARES}/${shard.index}-of-${shard.count}`;
}

/** Folder of this machine in which a run makes its reports and keeps its state: that place, unless it is in a store. */
export function homeOf(root: string, shard: Shard | undefined): string {
  const place = reportPlace(root, shard);
  return isUrl(place) ? stagingOf(place) : resolve(place);
}
