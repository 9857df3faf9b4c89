import { join } from 'node:path';
import type { CodecContext } from '../raster/block-source.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';

/**
 * What tasks read and write, as references: data that crosses threads and machines. Whoever runs a job names files of
 * its own; a worker finds its own place for each of them, or is sent the bytes.
 */

/** A file, or a piece of one. */
export interface FileRef {
  readonly form: 'file';
  readonly path: string;
  /** Of a piece. */
  readonly offset?: number;
  readonly length?: number;
  /** CRC-32 of the bytes, where it is known: others are as good as lost. */
  readonly crc?: number;
  /** Whoever reads it takes its bytes as well as a path, where they begin with these. */
  readonly bytesFrom?: readonly number[];
  /** Read only where the input at this position is lost. */
  readonly unless?: number;
}

/** A raster that is read by blocks and rects. */
export interface RasterRef {
  readonly form: 'raster';
  readonly path: string;
  /** The image directory of a TIFF file, its main image where absent. */
  readonly directory?: number;
  /** Stands for the file's own description: a scratch file that holds another file's pixels. */
  readonly info?: RasterInfo;
}

/** What a task reads. */
export type InputRef = FileRef | RasterRef;

/** What a task writes beside blocks: a file that appears whole at its path, or bytes appended to a folder's spill file. */
export type OutputRef =
  | {
      readonly form: 'file';
      readonly path: string;
      /** The value of a result may say that it was not made. */
      readonly optional?: boolean;
    }
  | { readonly form: 'spill'; readonly folder: string };

/** A raster as its coordinator describes it to workers that cannot open the file. */
export interface RemoteRaster {
  /** What messages call it. */
  readonly name: string;
  readonly info: RasterInfo;
  readonly layout: BlockLayout;
  readonly codecContext: CodecContext;
  /** Whether pixels may be asked for by rect, without decoding. */
  readonly raw: boolean;
  /** As in a {@link RasterRef}, for workers that open the file themselves. */
  readonly directory?: number;
}

/** Names an input among those of a job, or of one of its tasks. */
export interface InputAddress {
  readonly position: number;
  readonly task?: { readonly stage: number; readonly index: number };
}

/** Where a worker finds a raster: in a file that it can open, or at the coordinator. */
export type SourceRef =
  | { readonly kind: 'file'; readonly path: string; readonly directory?: number; readonly info?: RasterInfo }
  | {
      readonly kind: 'coordinator';
      /** How it is reached, as whoever dials it wrote that down. */
      readonly endpoint: string;
      /** The coordinator's name of the job. */
      readonly job: string;
      readonly input: InputAddress;
      readonly raster: RemoteRaster;
    };

/** Where a worker finds an input of a task; the position of each is that of its reference. */
export type InputPlace =
  | SourceRef
  /** A file or a piece of this machine: at its own offset there. */
  | { readonly kind: 'piece'; readonly path: string; readonly offset?: number }
  /** A file or a piece that the coordinator sends. */
  | { readonly kind: 'sent' }
  /** Its bytes. */
  | { readonly kind: 'held'; readonly path: string; readonly content: Uint8Array }
  /** It is not there, or does not hold what it should. */
  | { readonly kind: 'lost' };

/**
 * A path at which nothing lies, for a file that is not there: the coordinator's path may be another file here. Messages
 * name it by the coordinator's path.
 */
export function lostPath(path: string): string {
  return `/halotile-lost/${path}`;
}

/**
 * Where a worker puts encoded blocks: appended to a part file of its own in the folder `epoch` of the partial
 * directory; for an uncompressed output, written at their final places in `file`; or handed to the
 * coordinator together with the task's result.
 */
export type SinkRef =
  | { readonly kind: 'parts'; readonly partial: string; readonly epoch: string; readonly durable: boolean }
  | { readonly kind: 'placed'; readonly file: string; readonly durable: boolean }
  | { readonly kind: 'coordinator'; readonly endpoint: string; readonly job: string };

/** One encoded block that a task put into storage. */
export interface StoredBlock {
  readonly level: number;
  /** Row-major among the level's blocks. */
  readonly index: number;
  readonly offset: number;
  readonly length: number;
  /** CRC-32 of the encoded bytes. */
  readonly crc: number;
}

/** A file that a task wrote, by its position among the task's outputs. */
export interface StoredFile {
  readonly output: number;
  readonly length: number;
  readonly crc: number;
}

/** Where a worker writes an output of a granted task in the folder for what comes: no two attempts share a name. */
export function grantedFile(incoming: string, lease: number, output: number): string {
  return join(incoming, `${lease}-${output}`);
}
