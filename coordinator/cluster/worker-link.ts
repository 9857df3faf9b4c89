import type { halotile } from '../../proto/gen/messages.js';
import type { WorkerId } from '../scheduler/events.js';

/** Who hands over results. */
export interface Sender {
  /** What the worker calls itself, in the names of its part files too. */
  readonly name: string;
  /** That and its principal: no principal's worker is taken for another's. */
  readonly instance: string;
  /** Who answers for it: the principal; the worker itself where there are no principals. */
  readonly owner: string;
}

/** A connected worker, as far as the cluster talks to it. */
export interface WorkerLink {
  readonly id: WorkerId;
  /** For people. */
  readonly name: string;
  readonly sender: Sender;
  /** Storage roots that were proved visible and writable. */
  readonly roots: ReadonlySet<string>;
  send(message: halotile.v1.IAttachResponse): void;
  /** Ends the stream. */
  close(reason: string): void;
}
