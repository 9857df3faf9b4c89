import type { halotile } from '../../proto/gen/messages.js';
import type { CoordinatorEndpoint, RemoteRaster } from '../../tiling/job/execution.js';
import { fromPortable } from '../../tiling/job/portable.js';
import type { FrameTask } from '../../tiling/palette/frame-task.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import type { GrantedFrames } from '../frames/granted-frames.js';
import { type Attempts, located } from './session-job.js';
import type { Attempt } from './task-pool.js';

/** The attempts at a granted frame task: by reference as far as this worker sees the storage, and inline. */
export function frameAttempts(
  { key, lease, tile, attempt, frames }: halotile.v1.Grant,
  endpoint: CoordinatorEndpoint,
  roots: StorageRoots,
): Attempts {
  const { taskJson = '', files, root, incoming, spill } = frames ?? {};
  const common = { endpoint, job: key, lease, tile, attempt, frames: fromPortable<FrameTask>(taskJson ?? '') };
  const places = (files ?? []).map((file) => located(roots, file.root, file.path) ?? null);
  const rasters = (files ?? []).map(({ sourceJson }) => (sourceJson ? fromPortable<RemoteRaster>(sourceJson) : null));
  const folder = (path: string | null | undefined) => (path ? (located(roots, root, path) ?? null) : null);
  const near = { ...common, rasters, places, incoming: folder(incoming), spill: folder(spill) };
  const far = { ...common, rasters, places: places.map(() => null), incoming: null, spill: null };
  const seen = near.incoming !== null || near.spill !== null || places.some((place) => place !== null);
  return { preferred: of(seen ? near : far), inline: seen ? of(far) : undefined };
}

function of(task: GrantedFrames): Attempt {
  return async ({ frames }) => {
    await frames().runGranted(task);
    return undefined;
  };
}
