import { join } from 'node:path';
import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import { PALETTE_WRITERS, paletteGpl, paletteJson, swatchImage } from '../../tiling/palette/palette-files.js';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { Remap } from '../../tiling/palette/remap.js';
import { writeWhole } from '../../tiling/stitch/publish.js';
import type { CharacterSummary } from './report/character-summary.js';

/** Writes palette.json, palette.gpl, palette.png and what the job asks for into a character's folder, each whole or not at all. */
export function writePaletteFiles(
  folder: string,
  { character, written, palette, target }: CharacterSummary,
  { job, version }: { readonly job: DatasetSpec; readonly version: string },
): void {
  const colours = palette.colors.map(({ rgb }) => rgb);
  const { remapSpace } = job.palette;
  const json = paletteJson(palette, {
    character,
    frames: written,
    size: job.size,
    options: job.palette,
    target:
      target === null
        ? null
        : { source: job.target!, colors: target, mapping: [...new Remap(colours, { target, space: remapSpace }).via] },
    version,
  });
  const swatches = swatchImage(colours);
  writeWhole(join(folder, 'palette.json'), json);
  writeWhole(join(folder, 'palette.gpl'), paletteGpl(character, colours));
  writeWhole(join(folder, 'palette.png'), encodeRgbaPng(swatches.rgba, swatches.size));
  for (const format of job.palette.formats) {
    writeWhole(join(folder, `palette.${format}`), PALETTE_WRITERS[format](colours));
  }
}
