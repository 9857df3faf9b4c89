import { z } from 'zod';
import type { JobFigures } from '../../tiling/job/job-figures.js';

/** What is remembered of a finished image: beside a file by its folder's ledger, of an object by its metadata. */
export const madeImageSchema = z.object({
  /** Of everything that decides the output: operations, options, release, and the state of all inputs. */
  digest: z.string(),
  width: z.number(),
  height: z.number(),
  crc: z.string(),
  seconds: z.number(),
  pixelsRead: z.number(),
  pixelsWithMaxHalo: z.number(),
  mapMax: z.number(),
  tiles: z.number(),
});

/** See {@link madeImageSchema}: sizes and counts in pixels and tiles, seconds, the CRC-32 in hexadecimal digits. */
export type MadeImage = z.output<typeof madeImageSchema>;

/** What is remembered of an image; the time of one of several is that of what its thread did. */
export function madeOf(
  digest: string,
  { width, height, crc, halo, mapMax, tiles, seconds }: JobFigures,
  totalSeconds = Object.values(seconds).reduce((sum, each) => sum + each, 0),
): MadeImage {
  return {
    ...{ digest, width, height, crc, seconds: totalSeconds, mapMax, tiles: tiles.total },
    ...{ pixelsRead: halo.pixelsRead, pixelsWithMaxHalo: halo.pixelsWithMaxHalo },
  };
}

/** What an object says that it was made as, or nothing that holds. */
export function parseMade(about: string | undefined): MadeImage | undefined {
  if (about === undefined) return undefined;
  try {
    return madeImageSchema.safeParse(JSON.parse(about)).data;
  } catch {
    return undefined;
  }
}
