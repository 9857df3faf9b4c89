import { rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ThreadPoolExecutor } from '../../../worker/index.js';
import { framesOf, linkFrames } from '../palette-frames.js';
import { type Cost, costOf, median, type PaletteBench, palettes, sharpAlone, show } from '../palette-sections.js';
import type { Section } from '../report.js';
import { FRAMES } from './rendered-frames.js';

/** Frames that differ; the others are the same files again, as many as it takes to time them. */
const DIFFERENT = 30;

/** Palettes of frames against sharp, which only decodes them, by how the frames are made. */
export async function renderedSection({ work, rounds }: PaletteBench, count: number): Promise<Section> {
  const threads = availableParallelism();
  const executor = new ThreadPoolExecutor({ threads, backend: 'wasm', name: 'bench', expects: ['count', 'remap'] });
  const lines: string[][] = [];
  let isWarm = false;
  for (const [name, make] of Object.entries(FRAMES)) {
    const few = join(work, 'few');
    const many = join(work, 'many');
    await make(few, Math.min(DIFFERENT, count));
    linkFrames(few, many, count);
    // Threads load and compile what they run once.
    if (!isWarm) await palettes(work, few, executor);
    isWarm = true;
    const files = framesOf(many);
    const own: Cost[] = [];
    const decode: Cost[] = [];
    for (let round = 0; round < rounds; round++) {
      decode.push(await costOf(() => sharpAlone(files, { downscale: false })));
      own.push(await costOf(() => palettes(work, many, executor)));
    }
    const ratio = (of: (cost: Cost) => number) => median(own.map((each, round) => of(each) / of(decode[round]!)));
    const sizes = framesOf(few).map((file) => statSync(file).size / 1000);
    lines.push([
      ...[name, `${Math.round(Math.min(...sizes))} to ${Math.round(Math.max(...sizes))}`],
      ...[own, decode].flatMap((costs) => [
        show(median(costs.map(({ wall }) => wall))),
        show(median(costs.map(({ processor }) => processor))),
      ]),
      ...[show(ratio(({ wall }) => wall)), show(ratio(({ processor }) => processor)), '≤ 0.7'],
    ]);
    for (const folder of [few, many]) rmSync(folder, { recursive: true });
  }
  await executor.close();
  return {
    title: `${count} frames of 640×900 in three characters to 64×90, ${threads} threads`,
    columns: [
      ...['frames, PNG by', 'KB a frame', 'palettes, s', 'their processor, s', 'sharp decodes, s', 'its processor, s'],
      ...['palettes / it', 'palettes / it, processor', 'target'],
    ],
    lines,
  };
}
