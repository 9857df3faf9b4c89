/** Seconds that orchestrators give at least are three times as many. */
export const GRACE_SECONDS = 10;

/**
 * Runs work that Ctrl-C (or SIGTERM) asks to end: the first one aborts the signal, so that what is under way
 * is finished and recorded; a second one, or `graceSeconds` after the first, ends the process at once, which ledgers
 * bear.
 */
export async function interruptible<T>(
  { underWay, graceSeconds = GRACE_SECONDS }: { readonly underWay: string; readonly graceSeconds?: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupt = new AbortController();
  let late: NodeJS.Timeout | undefined;
  const onSignal = () => {
    if (interrupt.signal.aborted) process.exit(130);
    process.stderr.write(`\nhalotile: finishing ${underWay}; press Ctrl-C again to stop at once\n`);
    interrupt.abort();
    late = setTimeout(() => {
      process.stderr.write(
        `halotile: ${underWay} did not end within --grace (${graceSeconds} s); ` +
          'the same command goes on with what is finished\n',
      );
      process.exit(130);
    }, graceSeconds * 1000);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await work(interrupt.signal);
  } finally {
    clearTimeout(late);
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
