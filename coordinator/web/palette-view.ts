import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { PagePalette } from '../../proto/page/messages.js';
import { badInput } from '../../tiling/errors.js';

/** Characters and colours that the page shows; the files of the output have all. */
const MAX_CHARACTERS = 500;
const MAX_COLOURS = 64;

const color = z.object({ rgb: z.array(z.number()).length(3), count: z.number() });
const report = z.object({
  characters: z.array(
    z.object({
      character: z.string(),
      frames: z.number(),
      palette: z.object({ colors: z.array(color) }).nullish(),
    }),
  ),
});

/**
 * The palettes of a dataset, as its `report.json` has them.
 * @throws bad-input where the file is none
 */
export function palettesOf(path: string): PagePalette[] {
  const { data } = report.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (data === undefined) throw badInput({ what: 'this is no report of palettes', file: path });
  return data.characters.slice(0, MAX_CHARACTERS).map(({ character, frames, palette }) => {
    const colors = [...(palette?.colors ?? [])].sort((a, b) => b.count - a.count);
    return { character, frames, colors: colors.slice(0, MAX_COLOURS), more: Math.max(0, colors.length - MAX_COLOURS) };
  });
}
