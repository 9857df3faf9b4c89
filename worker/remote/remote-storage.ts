import { FILE_STORAGE, type Storage } from '../tile/storage.js';
import { ClientPool } from './client-pool.js';
import { FetchedSource } from './fetched-source.js';
import { RemoteSink } from './remote-sink.js';

/** This thread's connections. */
export const CLIENTS = new ClientPool();

/** What only a coordinator sees, over gRPC; files of this machine as files. */
export const REMOTE_STORAGE: Storage = {
  openSource: (ref) =>
    ref.kind === 'coordinator' ? new FetchedSource(CLIENTS.of(ref.endpoint), ref) : FILE_STORAGE.openSource(ref),
  openSink: (ref, plan, thread) =>
    ref.kind === 'coordinator' ? new RemoteSink() : FILE_STORAGE.openSink(ref, plan, thread),
};
