import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layOutRawTiff, TILE } from '../../cli/demo/raw-tiff.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';

const SIZE = { width: 64, height: 64 };

/** Writes the image of {@link tinyJob} into a folder. */
export function writeTinyImage(folder: string): void {
  const { header, fileBytes } = layOutRawTiff(SIZE, 1, 'soak');
  const bytes = new Uint8Array(fileBytes);
  bytes.set(header);
  for (let i = 0; i < TILE * TILE; i++) bytes[header.length + i] = (i * 31 + (i >> 7)) & 255;
  writeFileSync(join(folder, 'image.tif'), bytes);
}

/** The output of a job by its number. */
export function outputName(number: number): string {
  return `out-${number}.tif`;
}

/** A job of one tile. @param place the folder as whoever runs the job names it */
export function tinyJob(place: string, number: number): JobSpecInput {
  return {
    image: `${place}/image.tif`,
    output: `${place}/${outputName(number)}`,
    operations: [{ name: 'box', params: { radius: 2 } }],
  };
}
