import { readFileSync } from 'node:fs';
import { type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { makePlan } from '../../tiling/plan/make-plan.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { benchBox } from './box-timing.js';
import type { Pair } from './inputs.js';

/** The tile side that a job over these inputs gets where radii end at `max`. */
export function plannedTile({ image, map }: Pair, max: number): number {
  const input: JobSpecInput = { image, map, output: 'out.tif', operations: [{ name: 'box' }], mapping: { max } };
  const planInput = (path: string) => {
    const source = openTiffSource(path);
    source.close();
    return { path, info: source.info, layout: source.layout };
  };
  const spec = jobSpecSchema.parse(input);
  const inputs = {
    image: planInput(image),
    map: planInput(map),
    scannedMax: max,
    readFile: (path: string) => readFileSync(path),
  };
  return makePlan(spec, inputs, { threads: 2, memoryBytes: 2 ** 29 }).stages[0]!.tileSide;
}

/** Nanoseconds a pixel of the kernel with the summed-area rows of its halo, at the tile planned for the radius. */
export function kernelAtRadius(pair: Pair, radius: number): { tile: number; nsPerPixel: number } {
  const tile = plannedTile(pair, radius);
  const { total } = benchBox({ dtype: 'uint8', channels: 3, radius, map: 'smooth', tile });
  return { tile, nsPerPixel: total as number };
}
