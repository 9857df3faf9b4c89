import type { ErrorRecord } from '../../tiling/errors.js';
import type { Rect } from '../../tiling/geometry/rect.js';
import type { MapScanJob, TileJob, TileResult, TileTask } from '../../tiling/job/execution.js';
import type { DeviceLink } from '../gpu/device-messages.js';
import type { Backend } from '../kernels/backend.js';
import type { SharedCaches } from '../tile/open-job.js';

/** What the pool asks of a thread. */
export type ThreadRequest =
  | {
      readonly kind: 'tile';
      readonly job: TileJob;
      readonly caches: SharedCaches;
      /** Keys of the jobs whose files may stay open. */
      readonly live: readonly string[];
      readonly task: TileTask;
    }
  | { readonly kind: 'scan-map'; readonly job: MapScanJob; readonly rect: Rect };

/** What a thread answers: errors as data, since a thrown one would lose its class on the way. */
export type ThreadAnswer =
  | { readonly kind: 'tile'; readonly result: TileResult }
  | { readonly kind: 'scan-map'; readonly max: number }
  | { readonly kind: 'error'; readonly error: ErrorRecord };

/** What every thread of a pool is started with. */
export interface ThreadData {
  readonly backend: Backend['name'];
  /** Prefix of this process's part files. */
  readonly name: string;
  /** Linear memory that one thread may take; 4 GiB where absent. */
  readonly maximumBytes?: number;
  /** In a process that owns a GPU. */
  readonly device?: DeviceLink;
}
