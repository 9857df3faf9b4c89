import { threadId, workerData } from 'node:worker_threads';
import { readPlaces } from '../../threads/places/place-reader.js';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './messages.js';
import { TaskDesk } from './task-desk.js';

readPlaces();

const desk = new TaskDesk(workerData as ThreadData, threadId);
await desk.ready();

/** One task, run to its end; never throws. */
export default function answer(request: ThreadRequest): Promise<ThreadAnswer> {
  return desk.answer(request);
}
