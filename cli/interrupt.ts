/**
 * Runs work that Ctrl-C (or SIGTERM) asks to end: the first one aborts the signal, so that what is under way
 * is finished and recorded; a second one ends the process at once, which ledgers bear.
 */
export async function interruptible<T>(underWay: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const onSignal = () => {
    if (interrupt.signal.aborted) process.exit(130);
    process.stderr.write(`\nhalotile: finishing ${underWay}; press Ctrl-C again to stop at once\n`);
    interrupt.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await work(interrupt.signal);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
