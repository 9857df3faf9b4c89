import { readdirSync, readFileSync } from 'node:fs';

/** What a process of this machine holds and has used, as Linux tells it. */
export interface ProcessFigures {
  readonly descriptors: number;
  readonly residentBytes: number;
  /** Of all its threads, in user and system mode. */
  readonly cpuSeconds: number;
}

/** Clock ticks of /proc a second; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The figures of a running process. */
export function figuresOf(pid: number): ProcessFigures {
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  // The name of the program, in parentheses, may hold spaces.
  const [, , ...fields] = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/\(.*\)/s, '()')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    residentBytes: Number(resident?.[1]) * 1024,
    cpuSeconds: ticks / TICKS_PER_SECOND,
  };
}
