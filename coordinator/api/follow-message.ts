import { writeFailure } from '../../proto/convert/failure.js';
import { writeTimestamp } from '../../proto/convert/timestamp.js';
import { halotile } from '../../proto/gen/messages.js';
import { sentenceOf } from '../../tiling/errors.js';
import { type NameOfFile, textOf } from '../../tiling/words.js';
import type { Follow } from '../follow/follow.js';
import type { QueuedJob } from '../queue/job-queue.js';
import { resultMessage } from './job-message.js';

const { DeliveryState } = halotile.v1;
const STATE = {
  waiting: DeliveryState.DELIVERY_STATE_WAITING,
  delivered: DeliveryState.DELIVERY_STATE_DELIVERED,
  'given-up': DeliveryState.DELIVERY_STATE_GIVEN_UP,
} as const;

/**
 * What follows a job as clients see it: no secret.
 * @param nameOf what they call a file of this machine
 */
export function followMessage(
  follow: Follow | undefined,
  nameOf: NameOfFile,
): Pick<halotile.v1.IJob, 'followUps' | 'deliveries'> {
  if (follow === undefined) return {};
  const { nodes, deliveries, webhooks } = follow;
  return {
    followUps: nodes.map(({ name, after, jobId = '', failure }) => ({
      ...{ name, after, jobId },
      note: failure === undefined ? '' : textOf(sentenceOf(failure.detail), nameOf),
    })),
    deliveries: deliveries.map(({ hook, state, tries, nextMs, note }) => ({
      ...{ url: webhooks[hook]?.url ?? '', state: STATE[state], tries, note },
      next: writeTimestamp(state === 'waiting' && nextMs > 0 ? nextMs : undefined),
    })),
  };
}

/** What webhooks are told of a job that has ended. */
export function endedJob(job: QueuedJob): object {
  const { id, state, principal, spec, attempt, submittedMs, startedMs, finishedMs, failure, result } = job;
  const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
  return {
    ...{ id, state, principal, attempt, output: spec.output },
    ...{ submitted: iso(submittedMs), started: iso(startedMs), finished: iso(finishedMs) },
    failure: failure && writeFailure(failure),
    result: result && resultMessage(result),
  };
}
