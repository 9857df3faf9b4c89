import type { ErrorRecord } from '../../../tiling/errors.js';
import type { Operation } from '../../../tiling/operations/descriptor.js';
import type { ModuleShape } from '../../../tiling/operations/module/custom-module.js';
import type { KernelContext, TileRaster } from '../kernel.js';

/** A tile for a module. Rasters cross by copy, so they have dense rows. */
export interface ModuleTile {
  readonly input: TileRaster;
  /** What of the output is known before: all but its samples. */
  readonly output: Pick<TileRaster, 'rect' | 'dtype' | 'channels'>;
  readonly operation: Operation;
  readonly context: KernelContext;
}

/** What a kernel process is asked; one question at a time. */
export type KernelQuestion =
  | { readonly kind: 'check'; readonly bytes: Uint8Array; readonly file: string }
  /** `code` where the process has not been given it before. */
  | { readonly kind: 'run'; readonly code?: Uint8Array; readonly tile: ModuleTile };

/** What it says. */
export type KernelAnswer =
  /** Started, and ready for questions. */
  | { readonly kind: 'ready' }
  /** The module is compiled and its time for the tile begins; it ends with the next answer. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'ran' }
  | { readonly kind: 'checked'; readonly shape: ModuleShape }
  | { readonly kind: 'tile'; readonly samples: Uint8Array }
  | { readonly kind: 'error'; readonly error: ErrorRecord };
