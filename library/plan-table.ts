import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { labelsJobOf, refuseOverwrites } from '../coordinator/index.js';
import type { Size } from '../tiling/geometry/rect.js';
import { inputPaths } from '../tiling/job/job-inputs.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import { recordLength } from '../tiling/measure/record.js';
import { prepareOptions } from '../tiling/prepare/job-rasters.js';
import { prepareTable, type UnmadeLabels } from '../tiling/prepare/prepare-table.js';
import { makeScratchFolder } from '../tiling/sources/scratch-folder.js';
import { outputPlace } from '../tiling/stitch/output-file.js';
import { type MachineFlags, machineOf } from './machine.js';
import { type PlanChoices, type PlannedJob, planJob } from './plan-job.js';

/** What a job would do whose output is a table. */
export interface PlannedTable {
  /** Of the labels and all that is measured under them. */
  readonly size: Size;
  readonly columns: readonly string[];
  readonly parts: { readonly count: number; readonly width: number; readonly height: number };
  /** What a label in a part takes on scratch, until the table is written. */
  readonly recordBytes: number;
  /** The job that makes the labels, where operations do. */
  readonly labels?: PlannedJob;
}

/** The job writes a table, and this makes its labels first. */
const MADE = 'labels.tif';

/**
 * The figures of a job that measures labels; reads headers, and what {@link planJob} reads of the job that makes the labels.
 * @throws HalotileError as the job itself would before its first part
 */
export async function planTable(spec: JobSpec, flags: MachineFlags, choices: PlanChoices): Promise<PlannedTable> {
  refuseOverwrites(outputPlace(spec.output), inputPaths(spec));
  const scratchDirectory = makeScratchFolder(tmpdir(), 'halotile-plan');
  try {
    const making = labelsJobOf(spec, `${spec.output}.${MADE}`);
    const labels = making && (await planJob(making, flags, choices));
    const options = prepareOptions(machineOf(flags), scratchDirectory);
    const { size, columns, channels, part } = await prepareTable(spec, options, labels && unmade(labels));
    const count = Math.ceil(size.width / part.width) * Math.ceil(size.height / part.height);
    const recordBytes = 8 * recordLength(channels);
    return { size, columns, parts: { count, ...part }, recordBytes, ...(labels && { labels }) };
  } finally {
    rmSync(scratchDirectory, { recursive: true, force: true });
  }
}

function unmade({ output: { width, height, channels, dtype, block } }: PlannedJob): UnmadeLabels {
  return {
    info: { width, height, channels, dtype },
    layout: { striped: false, blockWidth: block, blockHeight: block },
  };
}
