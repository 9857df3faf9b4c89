/** Jobs that may follow one. */
export const MAX_FOLLOW_UPS = 32;

/** What a job that follows another is called, for those that come after it. */
export const FOLLOW_UP_NAME = /^[A-Za-z0-9_-]{1,64}$/;
