import type { PlannedTable } from '../library/plan-table.js';
import { describePlan } from './describe-plan.js';
import { formatBytes, formatWhole } from './format.js';

/** The figures of a table's plan for people: a few lines that end in a line feed. */
export function describeTablePlan({ size, columns, parts, recordBytes, labels }: PlannedTable): string {
  const made = labels === undefined ? '' : `labels are made first, by a job of its own:\n${describePlan(labels)}`;
  const lines = [
    `labels      ${formatWhole(size.width)}×${formatWhole(size.height)}`,
    `parts       ${formatWhole(parts.count)} of ${formatWhole(parts.width)}×${formatWhole(parts.height)} are measured by themselves, and merged by label`,
    `columns     ${columns.join(', ')}`,
    `scratch     ${formatBytes(recordBytes)} for each label and part in which it is`,
  ];
  return `${made}${lines.join('\n')}\n`;
}
