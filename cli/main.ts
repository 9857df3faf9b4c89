#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import module from 'node:module';

/** `command-line.ts` and what it loads, joined into few files by scripts/bundle.js, which load in half the time. */
const BUNDLE = '../bundle/command-line.js';
/** Files that are open at once while the modules of a command are loaded. */
const MIN_OPEN_FILES = 128;

// Before anything else is loaded, which fails with a stack trace where too few files may be open.
const openFiles = mayOpen();
if (openFiles < MIN_OPEN_FILES) {
  const expected = `at least ${MIN_OPEN_FILES}, and 256 for one thread`;
  process.stderr.write(
    `halotile: only ${openFiles} files may be open at once; expected ${expected}; raise ulimit -n\n`,
  );
  process.exit(1);
}
// From Node 22 on; a sixth of a short command's processor time. Node keeps it in the folder for temporary files.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();
await import(BUNDLE);

function mayOpen(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? MIN_OPEN_FILES);
  } catch {
    // Only Linux tells it so.
    return MIN_OPEN_FILES;
  }
}
