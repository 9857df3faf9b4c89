import { type MeasureResult, measureLabels as measureWith } from '../coordinator/index.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import { withThreads } from './kept-threads.js';

/** What is measured and where the table goes; absolute paths. */
export interface MeasureSpec {
  /** An image of labels: one channel of whole numbers; 0 is no label. */
  readonly labels: string;
  /** Images of the same size, whose samples are measured under each label. */
  readonly images?: readonly string[];
  /** A `.csv` or `.jsonl` file. */
  readonly output: string;
}

/** How a measurement runs. */
export interface LocalMeasureOptions {
  readonly machine: PlanMachine;
  readonly signal?: AbortSignal;
  readonly onProgress?: (pixelsDone: number, pixelsTotal: number) => void;
}

/** Measures labels on threads of this process. */
export function measureLocally(
  { labels, images = [], output }: MeasureSpec,
  { machine, signal, onProgress }: LocalMeasureOptions,
): Promise<MeasureResult> {
  return withThreads(machine, (executor) =>
    measureWith({
      ...{ labels, images, output, executor, machine, signal, onProgress },
      nowSeconds: () => performance.now() / 1000,
    }),
  );
}
