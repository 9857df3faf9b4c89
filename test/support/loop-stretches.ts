import { readFileSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

// Loaded with `--import` into a process whose main thread is watched: writes into the file that HALOTILE_STRETCHES
// names the longest stretch in which no timer could run, in milliseconds, by the clock and by the processor time that
// the main thread itself took in it. What other processes do to the machine shows in the first alone.

/** What a process wrote of its longest stretches. */
export interface Stretches {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Nanoseconds on a processor of the main thread, whose id on Linux is that of the process. */
function cpuMs(): number {
  return Number.parseInt(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1'), 10) / 1e6;
}

const file = process.env.HALOTILE_STRETCHES;
if (isMainThread && file !== undefined && process.argv[2] === 'serve') {
  const longest = { wallMs: 0, cpuMs: 0 };
  let last = { wallMs: performance.now(), cpuMs: cpuMs() };
  // Loading modules is nobody's wait.
  let isCounted = false;
  setTimeout(() => {
    isCounted = true;
  }, 1000).unref();
  const look = () => {
    const now = { wallMs: performance.now(), cpuMs: cpuMs() };
    const stretch = { wallMs: now.wallMs - last.wallMs, cpuMs: now.cpuMs - last.cpuMs };
    if (isCounted && (stretch.wallMs > longest.wallMs || stretch.cpuMs > longest.cpuMs)) {
      longest.wallMs = Math.max(stretch.wallMs, longest.wallMs);
      longest.cpuMs = Math.max(stretch.cpuMs, longest.cpuMs);
      writeFileSync(file, JSON.stringify(longest));
    }
    last = { wallMs: performance.now(), cpuMs: cpuMs() };
  };
  setInterval(look, 2).unref();
}
