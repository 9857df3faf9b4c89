import { badUsage } from '../errors.js';
import type { JobSpec } from '../job/job-spec.js';
import { didYouMean } from '../nearest-word.js';
import { OPERATIONS, type Operation } from '../operations/index.js';
import { parameterIssue } from './parameter-issue.js';

/**
 * The operations of a job with their parameters checked and every default filled in.
 * @param given whether the job has a map
 * @throws bad-usage that names the operation and the parameter
 */
export function resolveOperations(operations: JobSpec['operations'], given: { readonly map: boolean }): Operation[] {
  return operations.map((written, index) => {
    const descriptor = OPERATIONS[written.name];
    const where = `operation ${index + 1} '${written.name}'`;
    if (descriptor === undefined) {
      const known = Object.keys(OPERATIONS);
      const remedy = didYouMean(written.name, known);
      throw badUsage({ what: 'there is no such operation', where, expected: known.join(', '), remedy });
    }
    const parsed = descriptor.params.safeParse(written.params);
    if (!parsed.success) {
      const issue = parameterIssue(parsed.error, written.params, Object.keys(descriptor.params.shape));
      throw badUsage({ ...issue, where, remedy: issue.remedy ?? `see 'halotile operations ${written.name}'` });
    }
    // A fixed radius or sigma wins over the map: one chain may hold operations of both kinds.
    const fixed = descriptor.mapMeaning !== 'none' && parsed.data[descriptor.mapMeaning] !== undefined;
    const byMap = descriptor.mapMeaning !== 'none' && !fixed && given.map;
    if (descriptor.mapMeaning !== 'none' && !fixed && !byMap) {
      throw badUsage({
        what: `neither a ${descriptor.mapMeaning} nor a map is given`,
        where,
        remedy: `give ${descriptor.mapMeaning}=VALUE or --map FILE`,
      });
    }
    const border = written.border ?? descriptor.defaultBorder(byMap);
    return { name: written.name, params: parsed.data, border, constantValue: written.constant, byMap };
  });
}

/**
 * Whether some operation of a chain runs by map.
 * @throws bad-usage where an operation or its parameters are not valid
 */
export function needsMap(chain: Pick<JobSpec, 'operations'>): boolean {
  return resolveOperations(chain.operations, { map: true }).some(({ byMap }) => byMap);
}
