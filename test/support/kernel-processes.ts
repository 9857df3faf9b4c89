import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Why tests that look for processes skip here; false where they do not. */
export const NO_PROC = process.platform !== 'linux' && 'processes are looked up in /proc';

/** Process ids of the kernel processes that a process has started. */
export function kernelsOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return Number(statOf(pid)[1]) === parent && command.includes('kernel-process');
      } catch {
        return false;
      }
    });
}

/** Waits for what `look` finds. */
export async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await pause(20);
  }
}

/** Processor time of a process in ticks of 10 ms. */
export function ticksOf(pid: number): number {
  return Number(statOf(pid)[11]);
}

/** Whether a process is there and more than an entry that nobody has collected. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return statOf(pid)[0] !== 'Z';
  } catch {
    return false;
  }
}

/** The fields of /proc/PID/stat behind the command's name. */
function statOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
}
