import type { SampleBits } from '../operations/digits.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import type { CheckedModules } from './checked-modules.js';

/** One input as far as planning needs it. */
export interface PlanInput {
  /** How messages name it. */
  readonly path: string;
  readonly info: RasterInfo;
  readonly layout: BlockLayout;
  /** What is wrong with the file and harmless, a sentence each. */
  readonly warnings?: readonly string[];
}

/** What the machines that will run the plan offer. */
export interface PlanMachine {
  readonly threads: number;
  /** Resident bytes that one worker process may use in all. */
  readonly memoryBytes: number;
  /** What a job may have whose tiles do not fit into that; no more where absent. */
  readonly mostMemoryBytes?: number;
  /** Tiles alone are run: nothing is made of the whole image before them, as corners and grids would be. */
  readonly halosOnly?: boolean;
  /** A chain may be run in two jobs, the second over the whole result of the first. */
  readonly splits?: boolean;
  /** The tile side that suits what runs the tiles, where its executor names one. */
  readonly preferredTile?: number;
}

/** Everything that a plan reads beside the job: headers, and files that parameters name. */
export interface PlanInputs {
  readonly image: PlanInput;
  /** The image's transparency mask; absent where it has none or the job ignores it. */
  readonly mask?: PlanInput;
  readonly map?: PlanInput;
  /** Images that operations name in their parameters, their headers read. */
  readonly extras?: readonly PlanInput[];
  /** The largest map value' where the map has been read; the bound of its type otherwise. */
  readonly scannedMax?: number;
  /** What samples of float32 are, where they were looked at. */
  readonly imageBits?: SampleBits;
  /** Bytes of a file that a parameter names, such as a mask or a table. */
  readonly readFile: (path: string) => Uint8Array;
  /** Shapes of the users' modules that operations name, checked before; refused where absent. */
  readonly modules?: CheckedModules;
}
