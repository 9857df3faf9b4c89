// A worker process with one deliberate fault: ADDRESS FAULT THREADS ROOT. Everything but the fault is the real
// worker's. Faults: crash:T kills the process when tile T of stage 0 starts; hang:T never ends that tile;
// slow:MS takes that much longer for every tile; none.
import { randomBytes } from 'node:crypto';
import { halotileVersion } from '../../coordinator/index.js';
import type { TileExecutor, TileJob, TileResult, TileTask } from '../../tiling/job/execution.js';
import { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { Session, TaskPool, ThreadPoolExecutor } from '../../worker/index.js';

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
      return executor.runTile(job, task);
    },
    scanMap: (job, rect) => executor.scanMap(job, rect),
    closeJob: (key) => executor.closeJob(key),
    close: () => executor.close(),
  };
}

const pool = new TaskPool(() =>
  faulty(new ThreadPoolExecutor({ threads: Number(threads), backend: 'wasm', name: `${instance}-${++generation}` })),
);
const session = new Session({
  ...{ endpoint: { address }, instance, name: `test-${process.pid}`, version: halotileVersion() },
  ...{ backends: ['wasm'], memoryBytes: 0, roots: new StorageRoots(root === '' ? {} : { data: root }), pool },
  log: (line) => void process.stderr.write(`${line}\n`),
});
process.once('SIGTERM', async () => {
  await session.drain();
  await pool.close();
});
