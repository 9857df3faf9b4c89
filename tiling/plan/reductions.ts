import { OPERATIONS } from '../operations/index.js';
import { chainTypes } from './memory.js';
import type { Plan } from './plan.js';

/**
 * The plan with operation `index` completed by one pass of its reduction.
 * @param partials one a tile of the pass, in any order, at least one
 */
export function completeReduction(plan: Plan, index: number, partials: readonly unknown[]): Plan {
  const operation = plan.operations[index]!;
  // What bands tell each other reaches them with their tasks.
  if (OPERATIONS[operation.name]!.bands !== undefined) return plan;
  const { merge, complete } = OPERATIONS[operation.name]!.reduction!;
  const merged = partials.reduce((all, partial) => merge(all, partial));
  const { dtype } = chainTypes(plan.operations, plan.image)[index]!;
  return { ...plan, operations: plan.operations.with(index, complete(operation, dtype, merged)) };
}

/** Whether a value can be what a tile of a reduce stage adds to its reduction. */
export function isPartial(
  partial: unknown,
  plan: Plan,
  { stage, tileIndex }: { readonly stage: number; readonly tileIndex: number },
): boolean {
  const index = plan.stages[stage]?.operation;
  if (index === undefined) return false;
  const operation = plan.operations[index]!;
  const input = chainTypes(plan.operations, plan.image)[index]!;
  const { bands, reduction } = OPERATIONS[operation.name]!;
  if (bands !== undefined) return bands.isPartial(operation, partial, input, tileIndex);
  return reduction!.isPartial(partial, input.channels);
}
