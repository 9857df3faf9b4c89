// A worker process with one deliberate fault: ADDRESS[,ADDRESS…] FAULT THREADS ROOT. Everything but the fault is the real
// worker's. Faults: crash:T kills the process when tile T of stage 0 starts; hang:T never ends that tile;
// slow:MS takes that much longer for every tile; twice hands results over out of order, and every one of them once
// more, late; wrong has other pixels than all others in every tile; unequal:T hands tile T over a second time with
// other pixels; crash-frame:NAME kills the process when a task with that frame or image starts; lie:WHAT hands over
// what is no result, see LIES; idle never begins what it is granted; none.
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { halotileVersion } from '../../coordinator/index.js';
import { CoordinatorClient } from '../../proto/client/calls.js';
import type { CommitAddress } from '../../proto/convert/task-result.js';
import { StorageRoots } from '../../tiling/sources/storage-roots.js';
import type { KindName } from '../../tiling/work/index.js';
import type { Executor, Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import { Session, TaskPool, ThreadPoolExecutor } from '../../worker/index.js';
import { commitResult } from '../../worker/remote/commit-result.js';

const [address = '', fault = 'none', threads = '1', root = ''] = process.argv.slice(2);
const [kind, value] = fault.split(':');
const endpoints = address.split(',').map((each) => ({ address: each, token: process.env.HALOTILE_TOKEN }));
const instance = randomBytes(8).toString('hex');
let generation = 0;

/** What is handed over instead of a result, and under whose name. */
const LIES: Record<string, (result: TaskResult, address: CommitAddress) => [TaskResult, CommitAddress?]> = {
  'no-blocks': (result) => [{ ...result, part: '', blocks: [] }],
  'few-blocks': (result) => [{ ...result, blocks: result.blocks.slice(1) }],
  'twice-the-blocks': (result) => [{ ...result, blocks: [...result.blocks, ...result.blocks] }],
  level: (result) => [{ ...result, blocks: result.blocks.map((block) => ({ ...block, level: block.level + 7 })) }],
  length: (result) => [{ ...result, blocks: result.blocks.map((block) => ({ ...block, length: 2 ** 31 })) }],
  crc: (result) => [{ ...result, blocks: result.blocks.map((block) => ({ ...block, crc: block.crc ^ 1 })) }],
  path: (result) => [{ ...result, part: `../${result.part}` }],
  part: (result) => [{ ...result, part: result.part.replace(instance, 'somebody-else') }],
  files: (result) => [{ ...result, files: [{ output: 0, length: 1, crc: 1 }] }],
  kind: (result) => [{ ...result, task: { ...result.task, kind: 'sample' } }],
  value: (result) => [{ ...result, value: 'what' as never }],
  figures: (result) => [{ ...result, seconds: { ...result.seconds, read: Number.NaN } }],
  lease: (result, address) => [result, { ...address, lease: address.lease + 2 ** 20 }],
  name: (result, address) => [result, { ...address, instance: 'somebody-else' }],
};

/** The real executor with the fault in front. */
function faulty(executor: Executor): Executor {
  return {
    slots: executor.slots,
    tasksAtOnce: executor.tasksAtOnce,
    async run<K extends KindName>(job: WorkJob, task: Task<K>): Promise<TaskResult<K>> {
      const chosen = job.plan !== undefined && task.stage === 0 && task.index === Number(value);
      if ((kind === 'crash' && chosen) || (kind === 'crash-frame' && namesFrame(task, value!))) {
        // Later than the message that the task has started.
        setTimeout(() => process.exit(3), 50);
        return new Promise(() => {});
      }
      if (kind === 'hang' && chosen) return new Promise(() => {});
      if (kind === 'slow') await new Promise((resolve) => setTimeout(resolve, Number(value)));
      if (kind === 'twice') return runTwice(executor, job, task);
      const result = await executor.run(job, task);
      if (kind === 'unequal' && chosen) await sendOtherPixels(task, result);
      if (kind === 'wrong') return { ...result, crc: result.crc ^ 1 };
      if (kind === 'lie') await lie(task, result as TaskResult);
      return result;
    },
    closeJob: (key) => executor.closeJob(key),
    close: () => executor.close(),
  };
}

function namesFrame({ data }: Task, name: string): boolean {
  if ('jobs' in data) return data.jobs.some(({ spec }) => spec.image.endsWith(name));
  return 'frames' in data && data.frames.some(({ path }) => path.endsWith(name));
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs a task; its result comes later than some that began after it, and once more in a while. */
async function runTwice<K extends KindName>(executor: Executor, job: WorkJob, task: Task<K>): Promise<TaskResult<K>> {
  await pause((task.index * 37) % 5 ? 5 : 60);
  const result = await executor.run(job, task);
  const again = async () => {
    await pause(40 + ((task.index * 53) % 160));
    // A thread hands what travels over by itself.
    if (result.committed) await executor.run(job, task);
    else await commitResult(client(), addressOf(task), result as TaskResult);
  };
  // A job that is over meanwhile refuses it.
  again().catch((error: unknown) => process.stderr.write(`the second result was refused: ${error}\n`));
  return result;
}

/** A second result of a task that was just committed inline, all of its blocks replaced. */
async function sendOtherPixels(task: Task, result: TaskResult): Promise<void> {
  const bytes = Buffer.from('no pixels at all');
  const blocks = result.blocks.map((block) => ({ ...block, length: bytes.length, crc: crc32(bytes) }));
  const other = { ...result, part: '', blocks, crc: result.crc ^ 1 };
  await commitResult(client(), addressOf(task), other, { blocks: blocks.map(() => bytes) });
}

async function lie(task: Task, result: TaskResult): Promise<never> {
  const [instead, address = addressOf(task)] = LIES[value!]!(result, addressOf(task));
  await commitResult(client(), address, instead);
  throw new Error(`the coordinator believed ${value}`);
}

let connection: CoordinatorClient | undefined;
function client(): CoordinatorClient {
  connection ??= new CoordinatorClient(endpoints[0]!);
  return connection;
}

function addressOf({ granted }: Task): CommitAddress {
  return { key: granted!.to.job, lease: granted!.lease, instance };
}

const pool = new TaskPool(() => {
  const name = `${instance}-${++generation}`;
  const count = Number(threads);
  return faulty(new ThreadPoolExecutor({ threads: count, backend: 'wasm', name }));
});
if (kind === 'idle') pool.add = () => {};
const sessions = endpoints.map(
  (endpoint) =>
    new Session({
      ...{ endpoint, instance, name: `test-${process.pid}`, version: halotileVersion() },
      ...{ backends: ['wasm'], memoryBytes: 0, roots: new StorageRoots(root === '' ? {} : { data: root }), pool },
      log: (line) => void process.stderr.write(`${line}\n`),
    }),
);
process.once('SIGTERM', async () => {
  await Promise.all(sessions.map((session) => session.drain(10_000)));
  await pool.close();
  connection?.close();
});
