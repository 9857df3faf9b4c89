import { lstatSync, readFileSync, renameSync, rmSync, type Stats, writeFileSync } from 'node:fs';
import { systemWords } from '../system-fault.js';
import { temporaryOf } from './temporary-name.js';

/** What GDAL keeps beside an image and reads with it, in preference to what the image says itself. */
const METADATA_ENDING = '.aux.xml';
/** Smaller versions, and a mask, of the pixels that were there. */
const PIXEL_ENDINGS = ['.ovr', '.msk'] as const;
/** Far more than metadata take; what is larger is left and named. */
const MAX_METADATA_BYTES = 16 << 20;

/**
 * Sees to it that what lies beside an output and describes its old pixels does not describe the new ones: out of
 * OUT.aux.xml go statistics and histograms, which GDAL computed, and the file with them where it held nothing else;
 * overviews and masks (OUT.ovr, OUT.msk) are renamed, so that nothing is lost. Before the new pixels are there: whoever dies
 * in between leaves an image without its overviews, and not one with those of another. What cannot be changed, or is a link,
 * is left and named: it is no reason to lose an output.
 * @returns what a user should know, a sentence each
 */
export function settleSidecars(output: string): string[] {
  const settled = [
    ...PIXEL_ENDINGS.map((ending) => orNamed(`${output}${ending}`, settlePixels)),
    orNamed(`${output}${METADATA_ENDING}`, settleMetadata),
  ];
  return settled.filter((sentence) => sentence !== undefined);
}

/** Whether anything lies beside an output that {@link settleSidecars} would look at. */
export function hasSidecars(output: string): boolean {
  return [...PIXEL_ENDINGS, METADATA_ENDING].some((ending) => seen(`${output}${ending}`) !== undefined);
}

function orNamed(path: string, settle: (path: string, stat: Stats) => string | undefined): string | undefined {
  try {
    const stat = seen(path);
    if (stat?.isSymbolicLink()) return `${path}: is a link, and may describe the pixels that were there before`;
    return stat?.isFile() ? settle(path, stat) : undefined;
  } catch (error) {
    return `${path}: may describe the pixels that were there before, and cannot be changed (${systemWords(error as Error)})`;
  }
}

function settlePixels(path: string): string {
  const kept = freeName(`${path}.old`);
  renameSync(path, kept);
  return `${path}: described the pixels that were there before; it is called ${kept} now`;
}

function settleMetadata(path: string, stat: Stats): string | undefined {
  const stays = `${path}: is read by GDAL before what the new file says of itself; remove it where it does not hold any more`;
  if (stat.size > MAX_METADATA_BYTES) return stays;
  const text = readFileSync(path, 'latin1');
  const rest = withoutStatistics(text);
  if (isEmpty(rest)) {
    rmSync(path);
    return undefined;
  }
  if (rest !== text) {
    const temporary = temporaryOf(path);
    try {
      writeFileSync(temporary, rest, { encoding: 'latin1', mode: stat.mode });
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }
  return stays;
}

/** GDAL's auxiliary metadata without what was computed from pixels, and without elements that are empty then. */
function withoutStatistics(xml: string): string {
  let rest = xml
    .replace(/[ \t]*<MDI key="STATISTICS_[^"]*">[^<]*<\/MDI>[ \t]*\r?\n?/g, '')
    .replace(/[ \t]*<Histograms>[\s\S]*?<\/Histograms>[ \t]*\r?\n?/g, '');
  if (rest === xml) return xml;
  for (const element of ['Metadata', 'PAMRasterBand']) {
    rest = rest.replace(new RegExp(`[ \\t]*<${element}\\b[^>]*>\\s*</${element}>[ \\t]*\\r?\\n?`, 'g'), '');
  }
  return rest;
}

function isEmpty(xml: string): boolean {
  return /^\s*(?:<\?xml[^>]*>\s*)?<PAMDataset>\s*<\/PAMDataset>\s*$/.test(xml);
}

/** A name under which nothing is: the given one, or with a number behind it. */
function freeName(wanted: string): string {
  let name = wanted;
  for (let number = 2; seen(name) !== undefined; number++) name = `${wanted}${number}`;
  return name;
}

function seen(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
