// One picture's palette against pngquant's (libimagequant), by quality and processor time:
// npm run bench:palette:quantisers -- FILE…
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { ciede2000, rgbToLab } from '../../../tiling/palette/colour-difference.js';
import { printSection } from '../report.js';

/** Pixels whose colour difference is computed. */
const MEASURED_PIXELS = 2 ** 15;
const MAIN = fileURLToPath(new URL('../../../cli/main.js', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'halotile-quantisers-'));

type Way = (input: string, colours: number) => { readonly command: readonly string[]; readonly output: string };

const halotile =
  (...flags: string[]): Way =>
  (input, colours) => {
    const out = join(work, 'out');
    const own = ['--colors', `${colours}`, '--threads', '1', '--quiet', ...flags];
    return {
      command: [process.execPath, MAIN, 'palette', input, '-o', out, ...own],
      output: join(out, basename(work), `${parse(input).name}.png`),
    };
  };

const pngquant =
  (...flags: string[]): Way =>
  (input, colours) => {
    const output = join(work, 'quant.png');
    return { command: ['pngquant', ...flags, '--force', '--output', output, `${colours}`, input], output };
  };

const OKLAB = ['--space', 'oklab', '--remap-space', 'oklab'];
const FINE = ['--quantile', '0.001'];
const WAYS: Readonly<Record<string, Way>> = {
  halotile: halotile(),
  'halotile, quantile 0.001': halotile(...FINE),
  'the same in Oklab': halotile(...FINE, ...OKLAB),
  'the same, floyd-steinberg': halotile(...FINE, ...OKLAB, '--dither', 'floyd-steinberg'),
  'pngquant --nofs': pngquant('--nofs'),
  pngquant: pngquant(),
};

interface Rgba {
  readonly data: Buffer;
  readonly pixels: number;
}

async function read(path: string): Promise<Rgba> {
  const { data, info } = await sharp(path, { ignoreIcc: true })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, pixels: info.width * info.height };
}

/** Over pixels that are not clear in the picture. */
function quality(was: Rgba, is: Rgba): { readonly psnr: number; readonly deltaE: number; readonly colours: number } {
  const step = Math.max(1, Math.floor(was.pixels / MEASURED_PIXELS));
  const colours = new Set<number>();
  let [shown, squares, measured, differences] = [0, 0, 0, 0];
  for (let pixel = 0; pixel < was.pixels; pixel++) {
    const at = pixel * 4;
    if (was.data[at + 3] === 0) continue;
    const [before, after] = [was, is].map(({ data }) => [data[at]!, data[at + 1]!, data[at + 2]!] as const);
    colours.add((after![0] << 16) | (after![1] << 8) | after![2]);
    shown++;
    for (let c = 0; c < 3; c++) squares += (before![c]! - after![c]!) ** 2;
    if (pixel % step !== 0) continue;
    measured++;
    differences += ciede2000(rgbToLab(before!), rgbToLab(after!));
  }
  const psnr = 10 * Math.log10((255 ** 2 * 3 * shown) / squares);
  return { psnr, deltaE: differences / measured, colours: colours.size };
}

/** User and system seconds of a command. */
function timed(command: readonly string[]): number {
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%U %S', ...command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
  const [user, system] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
  return user! + system!;
}

try {
  for (const file of process.argv.slice(2)) {
    // pngquant reads PNGs alone, and a character is called as its folder.
    const input = join(work, `${parse(file).name}.png`);
    mkdirSync(work, { recursive: true });
    await sharp(file).png({ compressionLevel: 1 }).toFile(input);
    const was = await read(input);
    const lines: string[][] = [];
    for (const colours of [16, 256]) {
      for (const [name, way] of Object.entries(WAYS)) {
        const { command, output } = way(input, colours);
        rmSync(join(work, 'out'), { recursive: true, force: true });
        const seconds = timed(command);
        const { psnr, deltaE, colours: used } = quality(was, await read(output));
        lines.push([`${colours}`, name, `${used}`, psnr.toFixed(1), deltaE.toFixed(2), seconds.toFixed(1)]);
      }
    }
    printSection({
      title: `${basename(file)}, ${was.pixels} pixels`,
      columns: ['at most', 'by', 'colours', 'PSNR, dB', 'mean ΔE', 'processor, s'],
      lines,
    });
    rmSync(input);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
