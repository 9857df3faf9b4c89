import { join } from 'node:path';
import type { CollectionSpec } from '../../tiling/job/collection-spec.js';
import { isS3Url, isUrl, nameBelow } from '../../tiling/places/url.js';
import { writeGradually } from '../../tiling/stitch/publish.js';
import type { NameOfFile } from '../../tiling/words.js';
import { halotileVersion } from '../job/prepare-job.js';
import type { CollectionFault } from './check-pairs.js';
import type { CheckedCollection } from './checked-collection.js';
import { collectionHtml } from './collection-html.js';
import type { DoneImage } from './collection-ledger.js';
import type { CollectionResult } from './collection-result.js';
import type { CollectionImage } from './find-collection.js';
import type { CollectionCard, CollectionReport, ReportedImage } from './reported-images.js';
import { thumbnail } from './thumbnails.js';

/** An image whose output is there. */
export interface FinishedImage extends CollectionImage {
  readonly done: DoneImage;
  readonly pixels: number;
  /** An earlier run made it, and this one did not touch it. */
  readonly reused: boolean;
}

/** The images whose outputs are there, in the order of the job; each is made when it is asked for. */
export interface FinishedImages {
  readonly length: number;
  readonly at: (place: number) => FinishedImage;
}

/** A job over many images in the words of who asked for it. */
export interface ShownCollection {
  readonly job: CollectionSpec;
  readonly nameOf: NameOfFile;
}

/** What the user of a job calls its files; by their paths where nothing else is said. */
export function nameOfIn(shown: ShownCollection | undefined): NameOfFile {
  return shown?.nameOf ?? ((path) => path);
}

/** Images that are shown by pictures, spread over the job. */
const PICTURED = 12;

/**
 * Writes `report.html` and `report.json` into a folder of this machine.
 * @param place folder or URL where they are read, which links begin from
 */
export async function writeReport(
  { job, shown }: { readonly job: CollectionSpec; readonly shown?: ShownCollection },
  { home: root, place, passedOver }: Pick<CheckedCollection, 'home' | 'passedOver'> & { readonly place: string },
  about: {
    readonly result: CollectionResult;
    readonly failures: readonly CollectionFault[];
    readonly images: FinishedImages;
  },
): Promise<void> {
  const { images, failures } = about;
  const nameOf = nameOfIn(shown);
  const reported = (each: FinishedImage) => reportedImage(each, nameOf);
  const sampled = Array.from({ length: Math.min(PICTURED, images.length) }, (_, place) => {
    return images.at(Math.floor(((place + 0.5) * images.length) / Math.min(PICTURED, images.length)));
  });
  const cards: CollectionCard[] = [];
  for (const image of sampled) {
    const link = (path: string) => (shown === undefined ? linkTo(place, path) : undefined);
    const { pixels, map } = image;
    cards.push({
      image: reported(image),
      before: { link: link(image.image), png: await thumbnail({ path: image.image, pixels }) },
      ...(map !== undefined && {
        map: { link: link(map), png: await thumbnail({ path: map, pixels, stretched: true }) },
      }),
      // An output has overviews, however large it is.
      after: {
        link: linkTo(place, image.output),
        png: await thumbnail({ path: image.output, pixels: job.overviews ? 0 : pixels }),
      },
    });
  }
  const report: CollectionReport = {
    ...{ version: halotileVersion(), job: shown?.job ?? job, passedOver, failures, cards },
    result: { ...about.result, output: nameOf(place), report: nameOf(about.result.report) },
    *images() {
      for (let place = 0; place < images.length; place++) yield reported(images.at(place));
    },
  };
  await writeGradually(join(root, 'report.json'), collectionJson(report));
  await writeGradually(join(root, 'report.html'), collectionHtml(report));
}

/** The text of `report.json` in parts, an image a line. */
function* collectionJson({ version, job, result, passedOver, images, failures }: CollectionReport): Generator<string> {
  const { failures: _, ...figures } = result;
  const head = JSON.stringify({ version, job, result: figures, passedOver }, null, 2);
  yield `${head.slice(0, head.lastIndexOf('\n'))},\n  "images": [`;
  yield* lines(images());
  yield '],\n  "failed": [';
  yield* lines(failures);
  yield ']\n}\n';
}

function* lines(items: Iterable<object>): Generator<string> {
  let separator = '';
  for (const item of items) {
    yield `${separator}\n    ${JSON.stringify(item)}`;
    separator = ',';
  }
  if (separator !== '') yield '\n  ';
}

function reportedImage(
  { image, map, output, done, reused }: FinishedImage,
  nameOf: (path: string) => string,
): ReportedImage {
  const { width, height, tiles, seconds, mapMax, crc, pixelsRead, pixelsWithMaxHalo } = done;
  const haloSaved = pixelsWithMaxHalo === 0 ? 0 : 1 - pixelsRead / pixelsWithMaxHalo;
  return {
    image: nameOf(image),
    ...(map !== undefined && { map: nameOf(map) }),
    ...{ output: nameOf(output), width, height, tiles, seconds, mapMax, haloSaved, crc, reused },
  };
}

/** A link from where the report is read; undefined of what no browser reaches from there. */
function linkTo(place: string, path: string): string | undefined {
  if (isUrl(path) && !path.startsWith(`${place}/`)) return isS3Url(path) ? undefined : path;
  if (isUrl(place) && !isUrl(path)) return undefined;
  return nameBelow(place, path).split('/').map(encodeURIComponent).join('/');
}
