import type { PlaceSettings } from '../../threads/places/settings.js';
import type { ErrorRecord } from '../../tiling/errors.js';
import type { Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import type { GpuReport } from './gpu-report.js';

/** How a device process works. */
export interface DeviceProcessOptions {
  /** Threads that read, run what the device does not, and encode: as many tiles are in flight. */
  readonly threads: number;
  /** Prefix of its part files, unique among processes. */
  readonly name: string;
  /** Device memory that all tiles in flight may take. */
  readonly deviceBytes?: number;
}

/** What a device process is asked. The first message is `start`, or `check` for a report alone. */
export type ProcessRequest =
  | { readonly kind: 'check' }
  | { readonly kind: 'start'; readonly options: DeviceProcessOptions; readonly places: PlaceSettings }
  | { readonly kind: 'task'; readonly id: number; readonly job: WorkJob; readonly task: Task }
  | { readonly kind: 'close-job'; readonly id: number; readonly key: string }
  /** Destroys the device under whatever runs, to see what becomes of it. */
  | { readonly kind: 'lose-device' };

/** What it says. */
export type ProcessAnswer =
  | { readonly kind: 'report'; readonly report: GpuReport }
  /** Ready for tiles, or `unavailable`: the report says why. */
  | { readonly kind: 'started'; readonly report: GpuReport }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'task'; readonly id: number; readonly result: TaskResult }
  | { readonly kind: 'closed-job'; readonly id: number }
  | { readonly kind: 'error'; readonly id: number; readonly error: ErrorRecord };
