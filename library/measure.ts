import type { JobResult } from '../coordinator/index.js';
import type { JobSpecInput } from '../tiling/job/job-spec.js';

/** What is measured and where the table goes. */
export interface MeasureSpec {
  /** An image of labels: one channel of whole numbers; 0 is no label. What the operations make labels of, where some are given. */
  readonly labels: string;
  /** Operations that make the labels. */
  readonly operations?: JobSpecInput['operations'];
  /** Images of the same size, whose samples are measured under each label. */
  readonly images?: readonly string[];
  /** A `.csv`, `.jsonl` or `.parquet` file. */
  readonly output: string;
}

/** What a table of measurements came to. */
export interface MeasureResult {
  readonly output: string;
  /** Lines of the table: labels that occur. */
  readonly labels: number;
  readonly columns: readonly string[];
  readonly bytes: number;
  readonly seconds: number;
}

/** The job that measures labels. */
export function measuringJob({ labels, operations = [], images = [], output }: MeasureSpec): JobSpecInput {
  return { image: labels, operations, measure: { images: [...images] }, output };
}

/** What a job that measured labels did. */
export function measuredBy({ output, table, bytes, seconds }: JobResult): MeasureResult {
  const { labels, columns } = table!;
  return { output, labels, columns, bytes: bytes.output, seconds: seconds.total };
}
