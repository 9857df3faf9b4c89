import type { google } from '../gen/messages.js';

/** A time in milliseconds since 1970 as a message. */
export function writeTimestamp(ms: number | undefined): google.protobuf.ITimestamp | undefined {
  if (ms === undefined) return undefined;
  return { seconds: Math.floor(ms / 1000), nanos: (Math.floor(ms) % 1000) * 1e6 };
}

/** The inverse of {@link writeTimestamp}. */
export function readTimestamp(time: google.protobuf.ITimestamp | null | undefined): number | undefined {
  return time ? (time.seconds ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1e6) : undefined;
}
