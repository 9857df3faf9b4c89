import type { Command } from 'commander';
import { absoluteName } from '../../tiling/places/url.js';
import type { BlockLayout } from '../../tiling/raster/raster-info.js';
import { type Inspection, inspectFile } from '../../tiling/sources/inspect.js';
import { describeStored } from '../../tiling/tiff/sample-format.js';
import { isPipe, throughPipes } from '../pipes.js';

/** `halotile inspect FILE`: header, layout, overviews. */
export function registerInspect(program: Command): void {
  program
    .command('inspect')
    .argument('<file>', 'TIFF, PNG, JPEG, WebP or any other image; - for standard input')
    .option('--json', 'print one JSON object')
    .action(async (file: string, flags: { json?: boolean }) => {
      await throughPipes({ input: file, output: '' }, { ending: '' }, async ({ input }) => {
        const name = isPipe(file) ? 'standard input' : undefined;
        process.stdout.write(`${await runInspect(absoluteName(input), { json: flags.json === true, name })}\n`);
      });
    });
}

/** How `halotile inspect` prints. */
export interface InspectOptions {
  /** One JSON object in place of text. */
  readonly json: boolean;
  /** What the file is called; by its path where absent. */
  readonly name?: string | undefined;
}

/**
 * What `halotile inspect FILE` prints, without a newline at the end.
 * @throws bad-input where the file is damaged or of a kind that halotile does not read
 */
export async function runInspect(path: string, options: InspectOptions): Promise<string> {
  const found = await inspectFile(path);
  const inspection = { ...found, path: options.name ?? found.path };
  return options.json ? JSON.stringify(inspection, namedNumber) : renderInspection(inspection);
}

/** JSON would say null, which means none: `"NaN"`, `"Infinity"` and `"-Infinity"` instead, as job files have them. */
function namedNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** An inspection as aligned lines, one fact each. */
export function renderInspection(inspection: Inspection): string {
  const lines: [string, string][] = [
    ['file', `${inspection.path}, ${inspection.bytes} bytes`],
    ['kind', kindOf(inspection)],
    ['size', `${inspection.width}×${inspection.height}`],
    [
      'samples',
      `${inspection.channels} × ${inspection.dtype}, ${photometricName(inspection.photometric)}${storedNote(inspection)}`,
    ],
    ...(inspection.toRgb === undefined
      ? []
      : [['colours', `filtered as channels; --colour rgb makes them RGB, ${inspection.toRgb}`] as [string, string]]),
    ['alpha', inspection.alpha],
  ];
  const { tiff, resolution } = inspection;
  if (tiff !== undefined) lines.push(['layout', layoutLine(tiff.layout, tiff.blocks, tiff.sparseBlocks)]);
  if (tiff !== undefined) lines.push(['codec', codecLine(tiff.layout)]);
  if (inspection.nodata !== undefined) lines.push(['nodata', inspection.nodata.join(', ')]);
  if (resolution !== undefined) {
    lines.push([
      'resolution',
      `${resolution.x} × ${resolution.y}${resolution.unit === 'none' ? '' : ` per ${resolution.unit}`}`,
    ]);
  }
  if (inspection.orientation !== undefined) {
    lines.push([
      'orientation',
      `${inspection.orientation} (carried over, pixels are taken as stored; --orient apply turns them upright)`,
    ]);
  }
  if (inspection.iccBytes !== undefined) lines.push(['ICC profile', `${inspection.iccBytes} bytes`]);
  if (inspection.description !== undefined) lines.push(['description', oneLine(inspection.description)]);
  for (const { page, role, width, height } of tiff?.directories ?? []) {
    if (role !== 'main') lines.push([role, `--page ${page}, ${width}×${height}`]);
  }
  const pages = tiff?.planes ?? inspection.pages ?? 1;
  if (pages > 1) lines.push(['pages', `--page 1 to ${pages}, ${inspection.width}×${inspection.height}`]);
  for (const [name, value] of Object.entries(tiff?.geoKeys ?? {})) lines.push([name, String(value)]);
  if (tiff !== undefined) lines.push(['COG layout', `${tiff.cog.cog ? 'yes' : 'no'}: ${tiff.cog.reason}`]);
  for (const warning of tiff?.warnings ?? []) lines.push(['warning', warning]);
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function kindOf({ kind, tiff }: Inspection): string {
  if (tiff === undefined) return `${kind}, read through a scratch file`;
  return `${kind}, ${tiff.littleEndian ? 'little' : 'big'} endian`;
}

function storedNote({ tiff }: Inspection): string {
  const stored = tiff?.layout.stored;
  if (stored === undefined) return '';
  return `, stored as ${describeStored(stored)}${stored.indexed ? ' indices' : 's'}`;
}

function layoutLine(layout: BlockLayout, blocks: number, sparse: number): string {
  const unit = layout.striped ? 'strips' : 'tiles';
  const sparseNote = sparse === 0 ? '' : `, ${sparse} never written`;
  const planes = layout.planar ? ', a plane for each channel' : '';
  return `${blocks} ${unit} of ${layout.blockWidth}×${layout.blockHeight}${planes}${sparseNote}`;
}

function codecLine({ codec, predictor }: BlockLayout): string {
  return predictor === 1 ? codec : `${codec}, predictor ${predictor}`;
}

function photometricName(photometric: number): string {
  const names: Readonly<Record<number, string>> = {
    0: 'grey, white is zero',
    1: 'grey',
    2: 'RGB',
    5: 'CMYK',
    8: 'CIE L*a*b*',
    9: 'ICC L*a*b*',
  };
  return names[photometric] ?? `photometric ${photometric}`;
}

function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > 100 ? `${flat.slice(0, 100)}…` : flat;
}
