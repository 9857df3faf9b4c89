import type { CollectionSpec } from '../../tiling/job/collection-spec.js';
import type { CollectionFault } from './check-pairs.js';
import type { CollectionResult } from './collection-result.js';

/** One image as `report.json` has it. */
export interface ReportedImage {
  readonly image: string;
  readonly map?: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly tiles: number;
  readonly seconds: number;
  readonly mapMax: number;
  /** Share of the pixels that one halo for all tiles would have read, and that were not read. */
  readonly haloSaved: number;
  /** CRC-32 of the level-0 pixels in raster order, 8 hexadecimal digits. */
  readonly crc: string;
  readonly reused: boolean;
}

/** Everything that the reports say. */
export interface CollectionReport {
  readonly version: string;
  readonly job: CollectionSpec;
  readonly result: CollectionResult;
  readonly passedOver: Readonly<Record<string, number>>;
  readonly images: () => Iterable<ReportedImage>;
  readonly failures: readonly CollectionFault[];
  readonly cards: readonly CollectionCard[];
}

/** A picture and the file that it is of. */
export interface Picture {
  readonly link: string | undefined;
  /** Base64; absent where none could be made. */
  readonly png: string | undefined;
}

/** One image by its pictures. */
export interface CollectionCard {
  readonly image: ReportedImage;
  readonly before: Picture;
  readonly map?: Picture;
  readonly after: Picture;
}
