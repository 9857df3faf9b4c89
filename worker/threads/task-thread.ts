import { threadId, workerData } from 'node:worker_threads';
import { readPlaces } from '../../threads/places/place-reader.js';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './messages.js';
import { TaskRunner } from './task-runner.js';

readPlaces();

const runner = new TaskRunner(workerData as ThreadData, threadId);
await runner.ready();

/** One task, run to its end; never throws. */
export default function answer(request: ThreadRequest): Promise<ThreadAnswer> {
  return runner.answer(request);
}
