import { createHash } from 'node:crypto';
import { badInput } from '../errors.js';
import type { Operation } from '../operations/index.js';
import { MAX_MODULE_BYTES, type ModuleShape } from '../operations/module/custom-module.js';
import { chainFiles } from '../operations/parameter-files.js';
import { readParameterFile } from './parameter-file.js';

/** Checks a module where it can do no harm; see `TileExecutor.checkModule`. */
export type ModuleCheck = (bytes: Uint8Array, file: string) => Promise<ModuleShape>;

/** Shapes of modules by the SHA-256 of their bytes. */
export type CheckedModules = ReadonlyMap<string, ModuleShape>;

/**
 * The shapes of all modules that the operations of a job name.
 * @throws bad-usage, bad-input for one that may not run or cannot be read
 */
export async function checkModules(
  operations: readonly Pick<Operation, 'name' | 'params'>[],
  check: ModuleCheck,
): Promise<CheckedModules> {
  const shapes = new Map<string, ModuleShape>();
  for (const path of chainFiles(operations, 'kernel')) {
    const bytes = readParameterFile(path, MAX_MODULE_BYTES);
    shapes.set(digestOf(bytes), await check(bytes, path));
  }
  return shapes;
}

/**
 * The shape that a module's check gave.
 * @throws bad-input for bytes that were not checked
 */
export function checkedShape(modules: CheckedModules | undefined, bytes: Uint8Array, path: string): ModuleShape {
  const shape = modules?.get(digestOf(bytes));
  if (shape !== undefined) return shape;
  throw badInput({
    what: 'the module is not the one that was checked',
    file: path,
    remedy: 'run the job again once the file does not change any more',
  });
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
