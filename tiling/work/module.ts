import type { ModuleShape } from '../operations/module/custom-module.js';
import type { WorkKind } from './kind.js';

/** A user's WebAssembly module. */
export interface ModuleData {
  readonly bytes: Uint8Array;
  /** How messages call it. */
  readonly file: string;
}

/** Parses and compiles a user's module apart from every main thread; refuses one that breaks a rule. */
export const module: WorkKind<ModuleData, ModuleShape> = { memoryBytes: ({ bytes }) => bytes.length * 64, stays: true };
