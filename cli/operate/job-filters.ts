import { InvalidArgumentError } from 'commander';
import { stateName } from '../../library/cluster/submitted-run.js';
import { halotile } from '../../proto/gen/messages.js';

const { JobState } = halotile.v1;

/** The states of jobs by the names that the command line has for them, dashes between words. */
export const STATES: Readonly<Record<string, halotile.v1.JobState>> = Object.fromEntries(
  Object.values(JobState)
    .filter((state): state is halotile.v1.JobState => typeof state === 'number')
    .filter((state) => state !== JobState.JOB_STATE_UNSPECIFIED)
    .map((state) => [stateName(state).replaceAll(' ', '-'), state]),
);

/** @throws InvalidArgumentError */
export function stateOf(name: string, earlier: readonly halotile.v1.JobState[] = []): halotile.v1.JobState[] {
  const state = Object.hasOwn(STATES, name) ? STATES[name] : undefined;
  if (state === undefined) throw new InvalidArgumentError(`Allowed choices are ${Object.keys(STATES).join(', ')}.`);
  return [...earlier, state];
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3600_000, d: 24 * 3600_000, w: 7 * 24 * 3600_000 } as const;

/**
 * A time given as an age such as `90m` or as ISO 8601.
 * @returns milliseconds since 1970
 * @throws InvalidArgumentError
 */
export function ageOrTime(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (count !== undefined) return Date.now() - Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Expected an age such as 90m, 12h or 7d, or 2026-11-29T04:00Z.');
  return ms;
}
