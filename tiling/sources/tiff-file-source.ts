import { badInput } from '../errors.js';
import type { Rect } from '../geometry/rect.js';
import { type OpenBytes, openBytes } from '../places/open-bytes.js';
import type { ByteRange } from '../places/opener.js';
import type { BlockSource, CodecContext } from '../raster/block-source.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import { blocksTouching, isRawLayout, maxPackedBytes } from '../raster/stored-block.js';
import { channelPlanes, readPlanes } from '../tiff/channel-planes.js';
import type { Directory } from '../tiff/directory.js';
import { looksLikeTiff, parseHeader, type TiffHeader } from '../tiff/header.js';
import { pastTheEnd, type RandomBytes, readBytes } from '../tiff/random-bytes.js';
import type { WideSamples } from '../tiff/sample-format.js';
import { directoryAt, pageDirectory, soleDirectory } from '../tiff/tiff-image.js';
import { checkAllBlocks, readTiffRaster, type TiffRaster } from '../tiff/tiff-raster.js';
import { readRuns } from './raw-rect.js';
import { nodataRow, type RawRun, rangesOf, rawRuns } from './raw-runs.js';

/** How a TIFF file is opened. */
export interface TiffOpenOptions {
  /** The image to read by its place among all of the file; the main image where absent. */
  readonly directory?: number;
  /** The same as people count, from 1. */
  readonly page?: number;
  /** Threads that open a file which was checked before skip the pass over all of its block places. */
  readonly blocksChecked?: boolean;
  /** See {@link readSampleFormat}; that of `info` where it is there. */
  readonly wide?: WideSamples;
  /** Stands for the file's own description of its pixels: a scratch file that holds another file's. */
  readonly info?: RasterInfo;
}

/** The blocks of one image of a TIFF or BigTIFF file. */
export class TiffFileSource implements BlockSource {
  readonly info: RasterInfo;
  readonly layout: BlockLayout;
  readonly codecContext: CodecContext;
  /** Only where samples lie as the machine has them; see {@link BlockSource.readRaw}. */
  readonly readRaw?: (rect: Rect, into: Uint8Array, strideBytes: number) => number;
  /** Only where the file is far away. */
  readonly expect?: (indexes: readonly number[]) => void;
  readonly expectRect?: (rect: Rect) => void;
  /** Of the file that holds the blocks: all of its images, while it is open. */
  readonly header: TiffHeader;
  readonly #file: OpenBytes;
  readonly #raster: TiffRaster;
  /** The place of the image among all of the file, where it was asked for by page or place. */
  readonly directory: number | undefined;

  /** What is wrong with the file and harmless, a sentence each. */
  readonly warnings: readonly string[];

  readonly #planes: number;

  /** @param directories the image's own, or one for each of its channels */
  constructor(file: OpenBytes, header: TiffHeader, { directories, raster }: FoundImage, options: TiffOpenOptions) {
    const [directory] = directories as [Directory];
    this.#planes = directories.length;
    this.#file = file;
    this.header = header;
    this.directory = options.directory ?? (options.page === undefined ? undefined : directory.index);
    this.#raster = raster;
    this.warnings = [...header.warnings, ...this.#raster.warnings];
    if (options.blocksChecked !== true) checkAllBlocks(this.#raster, directory.place);
    this.info = options.info ?? this.#raster.info;
    this.layout = this.#raster.layout;
    this.codecContext = this.#raster.codecContext;
    if (isRawLayout(this.info, this.layout)) {
      const blank = (rowBytes: number) => nodataRow(this.info, rowBytes);
      this.readRaw = (rect, into, strideBytes) =>
        readRuns(this.#file, this.#expected(this.rawRuns(rect, strideBytes)), into, strideBytes, blank);
    }
    if (file.expect === undefined) return;
    this.expect = (indexes) => this.#file.expect!(this.#storedPlaces(indexes));
    this.expectRect = (rect) => {
      if (this.readRaw !== undefined) this.#expected(this.rawRuns(rect, 0));
      else this.expect!(blocksTouching(this.info, this.layout, rect));
    };
  }

  /** Whether it is the file's full-resolution image in one directory, which is what other libraries open. */
  get isMain(): boolean {
    return this.directory === undefined && this.#planes === 1;
  }

  /** What the file itself says of its pixels. */
  get storedInfo(): RasterInfo {
    return this.#raster.info;
  }

  /** The path of the file that holds the blocks. */
  get name(): string {
    return this.#file.name;
  }

  /** See {@link OpenBytes.fd}. */
  get fd(): number | undefined {
    return this.#file.fd;
  }

  readBlock(index: number): Uint8Array {
    const { offset, length } = this.placeOf(index);
    if (length === 0) return new Uint8Array(0);
    return readBytes(this.#file, offset, length, `block ${index}`);
  }

  /**
   * Where the encoded bytes of block `index` lie in the file; a sparse block has none.
   * @throws bad-input where the file is shorter than it says
   */
  placeOf(index: number): { readonly offset: number; readonly length: number } {
    const { offset, length } = this.#raster.blocks.place(index);
    // An uncompressed block may be followed by padding that counts as its own.
    const wanted = this.layout.codec === 'none' ? Math.min(length, maxPackedBytes(this.info, this.layout)) : length;
    if (wanted > 0 && offset + wanted > this.#file.size) throw pastTheEnd(this.#file, offset, wanted, `block ${index}`);
    return { offset, length: wanted };
  }

  /** Where the pixels of a rect lie in the file, for rasters that have {@link readRaw}. */
  rawRuns(rect: Rect, strideBytes: number): Iterable<RawRun> {
    return rawRuns(this.#raster, rect, strideBytes);
  }

  close(): void {
    this.#file.close();
  }

  #expected(runs: Iterable<RawRun>): Iterable<RawRun> {
    if (this.#file.expect === undefined) return runs;
    const listed = [...runs];
    this.#file.expect(listed.flatMap(rangesOf));
    return listed;
  }

  *#storedPlaces(indexes: readonly number[]): Generator<ByteRange> {
    for (const index of indexes) {
      const place = this.placeOf(index);
      if (place.length > 0) yield place;
    }
  }
}

function wideOf({ wide, info }: TiffOpenOptions): WideSamples | undefined {
  const dtype = info?.dtype;
  return dtype === 'uint32' || dtype === 'float32' ? dtype : wide;
}

/**
 * Opens the full-resolution image of a TIFF or BigTIFF file.
 * @throws bad-input where the file is damaged, truncated, of a kind that halotile does not read, or holds several images
 */
export function openTiffSource(path: string, options: TiffOpenOptions = {}): TiffFileSource {
  return opened(path, (file) => sourceOver(file, options));
}

/**
 * {@link openTiffSource} of a file whose content is a TIFF; undefined of any other file.
 * @throws as that does, and bad-input where the file is empty
 */
export function openIfTiff(path: string, options: TiffOpenOptions = {}): TiffFileSource | undefined {
  return opened(path, (file) => {
    if (beginsLikeTiff(file)) return sourceOver(file, options);
    file.close();
    return undefined;
  });
}

/** Whether a file's content is a TIFF. @throws bad-input where it is empty */
export function beginsLikeTiff(file: RandomBytes): boolean {
  if (file.size === 0) throw badInput({ what: 'the file is empty', file: file.name, expected: 'an image' });
  return looksLikeTiff(readBytes(file, 0, Math.min(4, file.size), 'file signature'));
}

function sourceOver(file: OpenBytes, options: TiffOpenOptions): TiffFileSource {
  const header = parseHeader(file);
  return new TiffFileSource(file, header, findImage(file, header, options), options);
}

/** What is made of a file, which is closed where that fails. */
function opened<T>(path: string, make: (file: OpenBytes) => T): T {
  const file = openBytes(path);
  try {
    return make(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** An image of a file, read as far as its block table. */
interface FoundImage {
  readonly directories: readonly Directory[];
  readonly raster: TiffRaster;
}

function findImage(file: OpenBytes, header: TiffHeader, options: TiffOpenOptions): FoundImage {
  const planes = options.page === undefined && options.directory === undefined ? channelPlanes(header) : undefined;
  const joined = planes && readPlanes(planes, wideOf(options));
  if (joined !== undefined) return { directories: planes!, raster: joined };
  const directory = wantedDirectory(file, header, options);
  return { directories: [directory], raster: readTiffRaster(directory, wideOf(options)) };
}

function wantedDirectory(file: OpenBytes, header: TiffHeader, { directory, page }: TiffOpenOptions): Directory {
  if (page !== undefined) return pageDirectory(file, header, page);
  const found = directory === undefined ? undefined : directoryAt(file, header, directory);
  return found ?? soleDirectory(header, file.name);
}
