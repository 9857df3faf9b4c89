import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

/** What a result depends on, in one line; nothing that names a place or a person. */
export function describeMachine(): string {
  const cores = availableParallelism();
  const memory = Math.round(totalmem() / 2 ** 30);
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${model}, ${cores} cores, ${memory} GiB, ${type()} ${release()}, Node ${process.versions.node}`;
}

/**
 * Lets the system touch memory once that runs will fill with file pages: on a virtual machine the first use of a
 * page costs ten times a later one, and would be charged to whoever comes first. In a process of its own, which
 * gives the memory back.
 */
export function touchMemory(bytes: number): void {
  const script = `for (let i = 0; i < ${Math.ceil(bytes / 2 ** 28)}; i++) (globalThis.a ??= []).push(Buffer.alloc(2 ** 28, 1))`;
  spawnSync(process.execPath, ['-e', script], { stdio: 'ignore' });
}
