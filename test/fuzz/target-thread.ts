import { parentPort, workerData } from 'node:worker_threads';
import { HalotileError } from '../../tiling/errors.js';
import { Coverage } from './coverage.js';
import { mutated, seeded } from './mutate.js';
import { targetNamed } from './targets/index.js';

/** What a thread is started with. */
export interface FuzzData {
  readonly target: string;
  readonly seed: number;
  readonly untilMs: number;
  readonly atLeast: number;
  /** One input to try, and no other. */
  readonly replay?: Uint8Array;
  /** The length of the input under way at 0, how many were tried at 1. */
  readonly state: Int32Array;
  /** The input under way. */
  readonly input: Uint8Array;
}

/** What it says at its end. */
export interface FuzzReport {
  readonly runs: number;
  readonly corpus: number;
  /** Functions of this build that ran, and parts of them that never did. */
  readonly functions: number;
  readonly missed: number;
  /** What the last input did that it must not. */
  readonly fault?: string;
}

/** Inputs whose coverage is asked for together: each question costs as much as hundreds of inputs. */
const BATCH = 16;
const MAX_CORPUS = 1000;
/** As the transport of errors has it. */
const MAX_MESSAGE = 4096;

const { target: name, seed, untilMs, atLeast, replay, state, input } = workerData as FuzzData;
const target = targetNamed(name);

parentPort!.postMessage(await fuzz());

async function fuzz(): Promise<FuzzReport> {
  const coverage = new Coverage();
  const random = seeded(seed);
  const corpus = replay === undefined ? [...target.seeds] : [replay];
  let runs = 0;
  const report = (fault?: string): FuzzReport => ({ runs, corpus: corpus.length, ...coverage.figures, fault });
  const tried = async (bytes: Uint8Array) => {
    runs++;
    return faultOf(bytes);
  };
  for (const bytes of [...corpus]) {
    const fault = await tried(bytes);
    if (fault !== undefined) return report(fault);
  }
  if (replay !== undefined) return report();
  coverage.grew();
  while (Date.now() < untilMs || runs < atLeast) {
    const batch = Array.from({ length: BATCH }, () => mutated(corpus, target.words ?? [], random));
    for (const bytes of batch) {
      const fault = await tried(bytes);
      if (fault !== undefined) return report(fault);
    }
    if (!coverage.grew()) continue;
    corpus.push(...batch);
    // Seeds stay; of what was found, the oldest goes.
    if (corpus.length > MAX_CORPUS) corpus.splice(target.seeds.length, corpus.length - MAX_CORPUS);
  }
  return report();
}

/** What is wrong with what an input did; undefined where it was parsed or refused as it should. */
async function faultOf(bytes: Uint8Array): Promise<string | undefined> {
  input.set(bytes);
  Atomics.store(state, 0, bytes.length);
  Atomics.add(state, 1, 1);
  try {
    await target.run(bytes);
  } catch (error) {
    if (!(error instanceof HalotileError)) return error instanceof Error ? String(error.stack) : `threw ${error}`;
    if (error.message.includes('\n')) return `a message of several lines: ${error.message.slice(0, 500)}`;
    if (Buffer.byteLength(error.message) > MAX_MESSAGE) return `a message of ${error.message.length} characters`;
  }
  return undefined;
}
