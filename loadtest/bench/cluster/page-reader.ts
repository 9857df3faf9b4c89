// A browser that has a job's page open, as far as the coordinator sees it: node page-reader.js URL… opens these streams
// and closes them again, each time that its parent says so. A process of its own: what a browser takes is none of the
// coordinator's.
let open: AbortController | undefined;

process.on('message', (isOpen: boolean) => {
  open?.abort();
  open = isOpen ? new AbortController() : undefined;
  if (open !== undefined) for (const url of process.argv.slice(2)) void follow(url, open.signal);
});
process.on('disconnect', () => process.exit());

async function follow(url: string, signal: AbortSignal): Promise<void> {
  try {
    const { body } = await fetch(url, { signal });
    for await (const _ of body!);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
