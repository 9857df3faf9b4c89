import type { CoordinatorEndpoint, RemoteRaster } from '../../tiling/job/execution.js';
import type { FrameTask } from '../../tiling/palette/frame-task.js';

/** A frame task that a coordinator granted, and where this machine finds what it needs. */
export interface GrantedFrames {
  readonly endpoint: CoordinatorEndpoint;
  /** The coordinator's name of the job. */
  readonly job: string;
  readonly tile: number;
  readonly attempt: number;
  readonly lease: number;
  /** Files in it go by the coordinator's paths. */
  readonly frames: FrameTask;
  /** For each of the task's files the path here; null where it is fetched. */
  readonly places: readonly (string | null)[];
  /** For each of the task's files how the coordinator describes it, where it is a raster that is read by rects. */
  readonly rasters: readonly (RemoteRaster | null)[];
  /** Folder for written frames, which the coordinator moves; null where they travel with the result. */
  readonly incoming: string | null;
  /** Folder of spill files that the coordinator sees; null where pixels travel with the result. */
  readonly spill: string | null;
}
