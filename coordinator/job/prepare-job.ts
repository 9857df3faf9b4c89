import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import { type PreparedInputs, type PrepareOptions, prepareInputs } from '../../tiling/prepare/job-rasters.js';
import { type PlanQuestions, preparePlan } from '../../tiling/prepare/prepare-plan.js';
import { type PreparedTable, prepareTable } from '../../tiling/prepare/prepare-table.js';
import type { SeenFile } from '../../tiling/sources/fingerprint.js';
import { jobDigest } from '../../tiling/stitch/partial.js';
import type { DataOf, KindName } from '../../tiling/work/index.js';
import type { Executor } from '../../tiling/work/task.js';
import type { WorkInput, WorkJob } from '../../tiling/work/work-job.js';
import { runTask } from './run-task.js';

const VERSION = (
  JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** The release that computes the pixels; a job is not continued by another. */
export function halotileVersion(): string {
  return VERSION;
}

/** What makes two runs the same job: the spec without its output's name, the release and all `files` that it reads. */
export function digestOf(spec: JobSpec, files: readonly SeenFile[]): string {
  const { output: _, tile: __, ...identity } = spec;
  const fingerprints = files.map(({ fingerprint }) => fingerprint);
  return jobDigest({ version: VERSION, identity, tile: spec.tile ?? 'planned', files: fingerprints });
}

/** Questions that an executor's threads answer. */
export function questionsTo(executor: Pick<Executor, 'slots' | 'run' | 'closeJob'>): PlanQuestions {
  const ask = async <K extends KindName>(kind: K, data: DataOf<K>, inputs: readonly WorkInput[]) => {
    const job: WorkJob = { key: `${kind}#${randomUUID()}`, inputs };
    try {
      return (await runTask(executor, job, { kind, stage: 0, index: 0, data })).value;
    } finally {
      await executor.closeJob(job.key);
    }
  };
  return {
    slots: executor.slots,
    largest: async (source, data) => (await ask('scan', data, [{ name: 'map', source }])).max,
    bitsOf: (source, data) => ask('bits', data, [{ name: 'image', source }]),
    shapeOf: (data) => ask('module', data, []),
  };
}

/** What planning is given beside the job. */
export interface PlanRequest {
  readonly machine: PlanMachine;
  readonly prepare: PrepareOptions;
  readonly questions: PlanQuestions;
}

/** A job's inputs and what is done with them. */
export interface PlannedJob {
  readonly inputs: PreparedInputs;
  readonly plan: Plan;
}

/** Who opens a job's inputs and plans it: the calling thread, or one that may take its time. */
export interface JobPlanner {
  plan(spec: JobSpec, request: PlanRequest): Promise<PlannedJob>;
  /** The same of a job that measures its image as it is. */
  table(spec: JobSpec, options: PrepareOptions): Promise<PreparedTable>;
}

/** Plans where it is called. */
export const DIRECT_PLANNER: JobPlanner = {
  async plan(spec, { machine, prepare, questions }) {
    const inputs = await prepareInputs(spec, prepare);
    return { inputs, plan: await preparePlan(spec, inputs, machine, questions) };
  },
  table: prepareTable,
};
