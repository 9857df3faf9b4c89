import { type JobProgress, NO_PROGRESS } from '../../tiling/job/job-progress.js';
import type { halotile } from '../gen/messages.js';

/** The counts that are told over the wire. */
const COUNTS = [
  ...(['tilesDone', 'tilesTotal', 'pixelsDone', 'pixelsTotal'] as const),
  ...(['imagesCounted', 'imagesDone', 'imagesTotal', 'charactersDone', 'charactersTotal'] as const),
] as const;

/** How far a job is as a message; `tilesRunning` are the attempts that workers hold. */
export function writeProgress(progress: JobProgress, tilesRunning: number): halotile.v1.IProgress {
  return { ...Object.fromEntries(COUNTS.map((count) => [count, progress[count]])), tilesRunning };
}

/** The inverse of {@link writeProgress}; what is not told is 0. */
export function readProgress(message: halotile.v1.IProgress): JobProgress {
  return { ...NO_PROGRESS, ...Object.fromEntries(COUNTS.map((count) => [count, message[count] ?? 0])) };
}
