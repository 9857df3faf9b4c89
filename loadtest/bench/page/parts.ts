import { controlRows, workerRows } from './cluster-rows.js';
import { engineRows, stripRows } from './engine-rows.js';
import { gigapixel } from './gigapixel.js';
import { growthRows } from './growth-rows.js';
import { filterRows, gaussianRows, openCvRows, paletteRows } from './kernel-rows.js';
import type { Measured, PageOptions } from './page-row.js';
import { anyRadius, masksAndLabels } from './radius-rows.js';
import { installed, startRows, tinyImages } from './start-rows.js';

/** What is measured together. */
export interface Part {
  /** Its rows, or the name of its tables. */
  readonly names: readonly string[];
  /**
   * What it takes on a quiet machine of two cores with three rounds: seconds that do not depend on the scene, and those of
   * a scene of 15000×15000.
   */
  readonly seconds: { readonly fixed: number; readonly scene: number };
  readonly measure: (options: PageOptions) => Measured | Promise<Measured>;
}

/**
 * Everything that the page shows. What measures memory comes before what fills this process, whose memory is on the account
 * of the processes that it starts.
 */
export const PARTS: readonly Part[] = [
  { names: ['8', 'a'], seconds: { fixed: 8, scene: 0 }, measure: startRows },
  { names: ['a'], seconds: { fixed: 25, scene: 0 }, measure: tinyImages },
  { names: ['h'], seconds: { fixed: 1, scene: 0 }, measure: installed },
  { names: ['1', '1a', '2', '3'], seconds: { fixed: 10, scene: 110 }, measure: engineRows },
  { names: ['1b'], seconds: { fixed: 1, scene: 15 }, measure: stripRows },
  { names: ['growth', '4'], seconds: { fixed: 20, scene: 270 }, measure: growthRows },
  { names: ['gigapixel'], seconds: { fixed: 15, scene: 30 }, measure: gigapixel },
  { names: ['16'], seconds: { fixed: 5, scene: 65 }, measure: anyRadius },
  { names: ['16'], seconds: { fixed: 10, scene: 120 }, measure: masksAndLabels },
  { names: ['5'], seconds: { fixed: 60, scene: 0 }, measure: workerRows },
  { names: ['6'], seconds: { fixed: 30, scene: 0 }, measure: controlRows },
  { names: ['9'], seconds: { fixed: 30, scene: 0 }, measure: gaussianRows },
  { names: ['g', '16'], seconds: { fixed: 25, scene: 0 }, measure: openCvRows },
  { names: ['g'], seconds: { fixed: 80, scene: 0 }, measure: filterRows },
  { names: ['7'], seconds: { fixed: 150, scene: 0 }, measure: paletteRows },
];
