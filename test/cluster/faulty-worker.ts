// A worker process with one deliberate fault: ADDRESS FAULT THREADS ROOT. Everything but the fault is the real
// worker's. Faults: crash:T kills the process when tile T of stage 0 starts; hang:T never ends that tile;
// slow:MS takes that much longer for every tile; twice hands results over out of order, and every one of them once
// more, late; unequal:T hands tile T over a second time with other pixels;
// crash-frame:NAME kills the process when a task with that frame starts; none.
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { halotileVersion } from '../../coordinator/index.js';
import { CoordinatorClient } from '../../proto/client/calls.js';
import type { TileExecutor, TileJob, TileResult, TileTask } from '../../tiling/job/execution.js';
import { type FrameTask, isBand } from '../../tiling/palette/frame-task.js';
import { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { FramePool, Session, TaskPool, ThreadPoolExecutor } from '../../worker/index.js';
import { commitTile } from '../../worker/remote/commit-tile.js';

const [address = '', fault = 'none', threads = '1', root = ''] = process.argv.slice(2);
const [kind, value] = fault.split(':');
const instance = randomBytes(8).toString('hex');
let generation = 0;

/** The real executor with the fault in front. */
function faulty(executor: TileExecutor): TileExecutor {
  return {
    slots: executor.slots,
    async runTile(job: TileJob, task: TileTask): Promise<TileResult> {
      const chosen = task.stage === 0 && task.tile === Number(value);
      if (kind === 'crash' && chosen) {
        // Later than the message that the tile has started.
        setTimeout(() => process.exit(3), 50);
        return new Promise(() => {});
      }
      if (kind === 'hang' && chosen) return new Promise(() => {});
      if (kind === 'slow') await new Promise((resolve) => setTimeout(resolve, Number(value)));
      if (kind === 'twice') return runTwice(executor, job, task);
      const result = await executor.runTile(job, task);
      if (kind === 'unequal' && chosen) await sendOtherPixels(job, result);
      return result;
    },
    scanMap: (job, rect) => executor.scanMap(job, rect),
    checkModule: (bytes, where) => executor.checkModule(bytes, where),
    closeJob: (key) => executor.closeJob(key),
    close: () => executor.close(),
  };
}

/** The real threads for frames with the fault in front: `crash-frame:NAME` and `slow:MS`. */
class FaultyFrames extends FramePool {
  override async runGranted(task: Parameters<FramePool['runGranted']>[0]): Promise<void> {
    if (kind === 'slow') await pause(Number(value));
    if (kind === 'crash-frame' && namesFrame(task.frames, value!)) {
      setTimeout(() => process.exit(3), 50);
      return new Promise(() => {});
    }
    return super.runGranted(task);
  }
}

function namesFrame(task: FrameTask, name: string): boolean {
  return !isBand(task) && task.task.frames.some(({ path }) => path.endsWith(name));
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs a tile; its result comes later than some that began after it, and once more in a while. */
async function runTwice(executor: TileExecutor, job: TileJob, task: TileTask): Promise<TileResult> {
  await pause((task.tile * 37) % 5 ? 5 : 60);
  const result = await executor.runTile(job, task);
  const again = async () => {
    await pause(40 + ((task.tile * 53) % 160));
    // Inline, a thread hands its tile over by itself.
    if (job.sink.kind === 'coordinator') await executor.runTile(job, task);
    else await commitTile(client(), { key: keyOf(job), lease: task.lease ?? 0 }, result, []);
  };
  // A job that is over meanwhile refuses it.
  again().catch((error: unknown) => process.stderr.write(`the second result was refused: ${error}\n`));
  return result;
}

/** A second result of a tile that was just committed inline, all of its blocks replaced. */
async function sendOtherPixels(job: TileJob, result: TileResult): Promise<void> {
  const bytes = Buffer.from('no pixels at all');
  const blocks = result.blocks.map((block) => ({ ...block, length: bytes.length, crc: crc32(bytes) }));
  const other = { ...result, part: '', blocks, pixelCrc: result.pixelCrc ^ 1 };
  const sent = blocks.map(() => bytes);
  await commitTile(client(), { key: keyOf(job), lease: result.task.lease ?? 0 }, other, sent);
}

let connection: CoordinatorClient | undefined;
function client(): CoordinatorClient {
  connection ??= new CoordinatorClient({ address });
  return connection;
}

/** The job's key at its coordinator; the worker puts the address in front. */
function keyOf({ key, sink }: TileJob): string {
  return sink.kind === 'coordinator' ? sink.job : key.slice(address.length + 1);
}

const pool = new TaskPool(() => {
  const name = `${instance}-${++generation}`;
  const count = Number(threads);
  const tiles = faulty(new ThreadPoolExecutor({ threads: count, backend: 'wasm', name }));
  return { tiles, frames: () => new FaultyFrames({ threads: count, name }) };
});
const session = new Session({
  ...{ endpoint: { address }, instance, name: `test-${process.pid}`, version: halotileVersion() },
  ...{ backends: ['wasm'], memoryBytes: 0, roots: new StorageRoots(root === '' ? {} : { data: root }), pool },
  log: (line) => void process.stderr.write(`${line}\n`),
});
process.once('SIGTERM', async () => {
  await session.drain();
  await pool.close();
  connection?.close();
});
