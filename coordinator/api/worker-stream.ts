import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { readFailure } from '../../proto/convert/failure.js';
import type { halotile } from '../../proto/gen/messages.js';
import { ERROR_TABLE } from '../../tiling/error-table.js';
import { HalotileError } from '../../tiling/errors.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import type { Tracing } from '../../tiling/tracing.js';
import type { Cluster } from '../cluster/cluster.js';
import type { FileThreads } from '../cluster/file-threads.js';
import type { Sender, WorkerLink } from '../cluster/worker-link.js';
import type { Caller } from './access.js';
import { callerOf, senderOf } from './auth.js';
import type { Fail } from './handlers.js';
import { checkHello } from './hello.js';
import { PROBE_MS, probeFiles } from './probe-files.js';

/** Heartbeats that fit into a lease. */
const HEARTBEATS = 5;
const PROBE_BYTES = 64;

/** What a control stream needs of its coordinator. */
export interface WorkersServiceOptions {
  readonly cluster: Cluster;
  readonly roots: StorageRoots;
  readonly threads: FileThreads;
  /** Release that workers must have too. */
  readonly version: string;
  /** Name of this coordinator in messages. */
  readonly name: string;
  readonly fail: Fail;
  readonly tracing?: Tracing;
  /** Random text for probe files. */
  readonly newId: () => string;
}

interface Probe {
  readonly root: string;
  readonly file: string;
  readonly answerFile: string;
  readonly content: Buffer;
}

/**
 * The coordinator's end of one worker's control stream: hello, proof of the storage that both see, then
 * whatever the worker says, translated for the cluster.
 */
export class WorkerStream implements WorkerLink {
  readonly id: number;
  readonly roots = new Set<string>();
  readonly #call: ServerDuplexStream<halotile.v1.AttachRequest, halotile.v1.IAttachResponse>;
  readonly #options: WorkersServiceOptions;
  readonly #caller: Caller;
  readonly #probes = new Map<string, Probe>();
  #hello: halotile.v1.IHello | undefined;
  #joined = false;
  #ended = false;
  #capacity = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    id: number,
    call: ServerDuplexStream<halotile.v1.AttachRequest, halotile.v1.IAttachResponse>,
    options: WorkersServiceOptions,
  ) {
    this.id = id;
    this.#call = call;
    this.#options = options;
    this.#caller = callerOf(call.metadata);
    call.on('data', (message: halotile.v1.AttachRequest) => {
      // What a worker's message leads to may end its stream, and nothing else.
      try {
        this.#receive(message);
      } catch (error) {
        this.#refuse(error);
      }
    });
    for (const event of ['end', 'cancelled', 'error', 'close']) call.on(event, () => this.#end());
  }

  get name(): string {
    return this.#hello?.name || `worker ${this.id}`;
  }

  get sender(): Sender {
    return senderOf(this.#caller, this.#hello?.instance ?? '');
  }

  send(message: halotile.v1.IAttachResponse): void {
    if (!this.#ended) this.#call.write(message);
  }

  close(reason: string): void {
    this.#refuse(new HalotileError('unreachable', { what: reason, where: this.#options.name }));
  }

  #receive(message: halotile.v1.AttachRequest): void {
    if (this.#ended) return;
    if (message.hello) {
      this.#greet(message.hello);
      return;
    }
    if (this.#hello === undefined) {
      this.#refuse(new HalotileError('bad-usage', { what: 'the stream does not begin with a hello' }));
      return;
    }
    if (message.probed) this.#probed(message.probed);
    if (message.capacity) {
      this.#capacity = message.capacity.leases ?? 0;
      if (this.#joined) this.#hear({ type: 'worker-capacity', leases: this.#capacity });
    }
    if (!this.#joined) return;
    this.#hear({ type: 'worker-heard' });
    if (message.heartbeat) this.#options.cluster.noteMemory(this.id, message.heartbeat.residentBytes ?? 0);
    if (message.started) this.#hear({ type: 'task-started', lease: message.started.lease ?? 0 });
    if (message.returned) this.#hear({ type: 'task-returned', lease: message.returned.lease ?? 0 });
    if (message.draining) this.#hear({ type: 'worker-draining' });
    if (message.failed) {
      const { lease = 0, crashed = false, failure } = message.failed;
      const record = readFailure(failure ?? {});
      // A thread's death and a broken disk may be the worker's own; what the input or the options are at fault
      // for would fail anywhere.
      const retryable = crashed || ERROR_TABLE[record.tag].retryable;
      this.#hear({ type: 'task-failed', lease, crashed, failure: record, retryable });
    }
  }

  #hear(event: DistributiveOmit<Parameters<WorkersServiceOptions['cluster']['hear']>[0], 'worker'>): void {
    this.#options.cluster.hear({ ...event, worker: this.id } as Parameters<
      WorkersServiceOptions['cluster']['hear']
    >[0]);
  }

  #greet(hello: halotile.v1.IHello): void {
    const { version, name, cluster, roots } = this.#options;
    if (this.#hello !== undefined) return;
    this.#hello = hello;
    try {
      checkHello(hello);
      cluster.assertWelcome(this.sender);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (hello.version !== version) {
      this.#refuse(
        new HalotileError('not-ready', {
          what: `the worker is release ${hello.version}`,
          expected: `the coordinator's, ${version}`,
          remedy: 'update one of the two',
        }),
      );
      return;
    }
    const { leaseMs } = cluster.limits;
    this.send({ welcome: { worker: this.id, heartbeatMs: leaseMs / HEARTBEATS, leaseMs, coordinator: name } });
    for (const root of new Set(hello.roots)) if (roots.directory(root) !== undefined) this.#probe(root);
    if (this.#probes.size === 0) this.#join();
    else this.#timer = setTimeout(() => this.#join(), PROBE_MS);
  }

  /** Writes a file of random bytes below the root, to be read and answered there by the worker. */
  #probe(root: string): void {
    const id = this.#options.newId();
    const { file, answerFile } = probeFiles(id);
    const content = Buffer.from(`${id}${this.#options.newId()}`.padEnd(PROBE_BYTES, '.'));
    try {
      writeFileSync(join(this.#options.roots.directory(root)!, file), content, { flag: 'wx' });
    } catch {
      // A root that cannot be written here cannot be proved; its files travel inline.
      return;
    }
    this.#probes.set(root, { root, file, answerFile, content });
    this.send({ probe: { root, path: file, answerPath: answerFile } });
  }

  #probed({ root = '', content, answered }: halotile.v1.IProbeResult): void {
    const probe = this.#probes.get(root);
    if (probe === undefined) return;
    if (answered && content && probe.content.equals(content) && this.#answerHolds(probe)) this.roots.add(root);
    this.#clean(probe);
    if (this.#probes.size === 0) this.#join();
  }

  #answerHolds({ root, answerFile, content }: Probe): boolean {
    try {
      const answer = readFileSync(join(this.#options.roots.directory(root)!, answerFile));
      return answer.equals(Buffer.from(content).reverse());
    } catch {
      return false;
    }
  }

  #clean(probe: Probe): void {
    this.#probes.delete(probe.root);
    const directory = this.#options.roots.directory(probe.root)!;
    for (const name of [probe.file, probe.answerFile]) {
      try {
        rmSync(join(directory, name), { force: true });
      } catch {
        // The root cannot be written any more: the next start removes what stays.
      }
    }
  }

  #join(): void {
    clearTimeout(this.#timer);
    if (this.#joined || this.#ended) return;
    this.#joined = true;
    this.#options.cluster.join(this, this.#hello!);
    this.#hear({ type: 'worker-capacity', leases: this.#capacity });
  }

  #refuse(error: unknown): void {
    if (this.#ended) return;
    this.#call.emit('error', this.#options.fail(error));
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const probe of [...this.#probes.values()]) this.#clean(probe);
    if (this.#joined) this.#options.cluster.leave(this.id);
    this.#call.end();
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
