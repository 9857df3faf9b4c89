import { box } from './box.js';
import type { OperationDescriptor } from './descriptor.js';

export { MAX_RADIUS } from './box.js';
export {
  BORDERS,
  type Border,
  type Coupling,
  type Numeric,
  type Operation,
  type OperationDescriptor,
} from './descriptor.js';

/** Every operation that halotile has, by name. */
export const OPERATIONS: Readonly<Record<string, OperationDescriptor>> = { box };
