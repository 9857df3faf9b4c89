import { HalotileError } from '../../../tiling/errors.js';

/**
 * Does what Redis and shared storage are needed for.
 * @throws unreachable with what they said, in words of ours; what is an error of ours already stays as it is
 */
export async function orUnreachable<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof HalotileError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      const detail = { what: 'the disk of the shared state is full', remedy: 'try again when there is room' };
      throw new HalotileError('unreachable', detail, { cause });
    }
    const what = /^OOM/.test(message)
      ? 'the Redis of the queue has no memory left'
      : `the Redis of the queue cannot be used (${message})`;
    throw new HalotileError('unreachable', { what, remedy: 'try again when it is back' }, { cause });
  }
}
