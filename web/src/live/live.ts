import { useEffect, useState } from 'preact/hooks';
import type { PageJob, PageJobs, PageWorker } from '../../../proto/page/messages';
import { get } from '../server/api';
import { useVisible } from './visible';

/** What the server has told so far. */
export interface Live {
  readonly jobs: ReadonlyMap<string, PageJob>;
  readonly workers: readonly PageWorker[];
  /** Whether the stream is open. */
  readonly connected: boolean;
  /** Where the list goes on. */
  readonly next?: string;
  readonly more: () => Promise<void>;
}

/** Jobs and workers as they change; one stream for the whole page. */
export function useLive(enabled: boolean): Live {
  const [jobs, setJobs] = useState<ReadonlyMap<string, PageJob>>(new Map());
  const [workers, setWorkers] = useState<readonly PageWorker[]>([]);
  const [connected, setConnected] = useState(false);
  const [next, setNext] = useState<string>();
  const visible = useVisible();

  const add = (list: readonly PageJob[]) =>
    setJobs((known) => {
      const all = new Map(known);
      for (const job of list) all.set(job.id, job);
      return all;
    });
  const more = async (after = next) => {
    const page = await get<PageJobs>(`/api/jobs${after === undefined ? '' : `?after=${encodeURIComponent(after)}`}`);
    add(page.jobs);
    setNext(page.next);
  };

  useEffect(() => {
    if (!enabled || !visible) return;
    const source = new EventSource('/api/events');
    // What happened while there was no stream is in the list.
    source.onopen = () => {
      setConnected(true);
      void get<PageJobs>('/api/jobs').then((page) => {
        add(page.jobs);
        setNext((known) => known ?? page.next);
      });
    };
    source.onerror = () => setConnected(false);
    source.addEventListener('job', (event) => add([JSON.parse(event.data) as PageJob]));
    source.addEventListener('workers', (event) => setWorkers(JSON.parse(event.data) as PageWorker[]));
    return () => source.close();
  }, [enabled, visible]);

  return { jobs, workers, connected, more: () => more(), ...(next !== undefined && { next }) };
}
