import { operationsIn } from '../../tiling/plan/chain.js';
import { chainTypes } from '../../tiling/plan/memory.js';
import type { StagePlan } from '../../tiling/plan/plan.js';
import type { ChainInputs } from './open-job.js';
import type { ChainRun } from './row-scan.js';
import { type ChainResult, runChain } from './run-chain.js';
import type { Tally } from './tally.js';

/** One tile's term of the reduction that an operation waits for, and the pixels that the chain before it gave. */
export async function gatherPartial(
  inputs: ChainInputs,
  stage: StagePlan,
  run: Omit<ChainRun, 'operations'>,
  tally: Tally,
): Promise<{ readonly partial: unknown } & ChainResult> {
  const { plan } = inputs;
  const operation = plan.operations[stage.operation!]!;
  const operations = operationsIn(stage, plan.operations);
  const { raster, mapMax, carries } = await runChain(inputs, { ...run, operations }, tally);
  const { alpha, nodata } = chainTypes(plan.operations, plan.image)[stage.operation!]!;
  const partial = tally.timed('kernel', () =>
    inputs.backend.partials[operation.name]!(raster, operation, { image: stage.size, alpha, nodata }),
  );
  return { partial, raster, mapMax, carries };
}
