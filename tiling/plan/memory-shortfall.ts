import { HalotileError } from '../errors.js';
import type { JobSpec } from '../job/job-spec.js';
import type { PlanMachine } from './plan-input.js';

/** A tile that does not fit. */
export interface MemoryShortfall {
  readonly tileSide: number;
  readonly neededBytes: number;
  /** What a thread has for it. */
  readonly threadBytes: number;
  /** The largest map value'; 0 without a map. */
  readonly mapMax: number;
}

/** What would make a job fit, each by itself; undefined where nothing of the kind does. */
export interface FittingChanges {
  /** The largest map value', whole pixels. */
  readonly maxRadius?: number;
  readonly memoryMiB?: number;
}

const MIB = 2 ** 20;
/** More memory is looked for in such steps, and up to so many times what there is. */
const MEMORY_STEP = 64 * MIB;
const MOST_TIMES = 1024;

/** The largest radius, and the least memory, with which a job that lacks memory could be planned. */
export function fittingChanges(
  { spec, machine, mapMax }: { readonly spec: JobSpec; readonly machine: PlanMachine; readonly mapMax: number },
  fits: (spec: JobSpec, machine: PlanMachine) => boolean,
): FittingChanges {
  const radiusFits = (max: number) => fits({ ...spec, mapping: { ...spec.mapping, max } }, machine);
  const memoryFits = (steps: number) => fits(spec, { ...machine, memoryBytes: steps * MEMORY_STEP });
  const most = (machine.memoryBytes / MEMORY_STEP) * MOST_TIMES;
  let enough = Math.ceil(machine.memoryBytes / MEMORY_STEP);
  while (enough <= most && !memoryFits(enough)) enough *= 2;
  return {
    ...(mapMax > 1 && radiusFits(1) && { maxRadius: boundary(1, Math.ceil(mapMax), radiusFits) }),
    ...(enough <= most && { memoryMiB: (boundary(enough, Math.floor(enough / 2), memoryFits) * MEMORY_STEP) / MIB }),
  };
}

/** Of whole numbers between one that passes and one that does not, the passing one next to those that do not. */
function boundary(passing: number, failing: number, passes: (value: number) => boolean): number {
  let [good, bad] = [passing, failing];
  while (Math.abs(good - bad) > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (passes(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** The refusal of a job whose tiles do not fit the memory, with what would. */
export function tooMuchMemory(
  { tileSide, neededBytes, threadBytes }: MemoryShortfall,
  { maxRadius, memoryMiB }: FittingChanges,
): HalotileError {
  const mib = (bytes: number) => `${Math.ceil(bytes / MIB)} MiB`;
  const changes = [
    ...(maxRadius === undefined ? [] : [`--max-radius ${maxRadius}`]),
    ...(memoryMiB === undefined ? [] : [`--memory ${memoryMiB}`]),
    'a smaller --tile',
    'fewer --threads',
  ];
  return new HalotileError('over-limit', {
    what: `a tile of ${tileSide} with its halo needs ${mib(neededBytes)} a thread`,
    expected: `at most ${mib(Math.max(0, threadBytes))}`,
    remedy: `use ${changes.slice(0, -1).join(', ')} or ${changes.at(-1)}`,
  });
}
