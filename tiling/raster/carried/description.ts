import type { Size } from '../../geometry/rect.js';
import type { PixelScale } from './georeference.js';

/** Pixels a centimetre. */
export interface Density {
  readonly x: number;
  readonly y: number;
}

/** What becomes of an image description: the text to keep, and the density that a dropped one stated. */
export interface CarriedDescription {
  readonly text?: string;
  readonly density?: Density;
}

/** Micrometres in the units that ImageJ and OME name; both write the micro sign in several ways. */
export const MICROMETRES: Readonly<Record<string, number>> = {
  nm: 1e-3,
  nanometer: 1e-3,
  um: 1,
  micron: 1,
  microns: 1,
  micrometer: 1,
  µm: 1,
  μm: 1,
  '\\u00B5m': 1,
  mm: 1e3,
  millimeter: 1e3,
  cm: 1e4,
  centimeter: 1e4,
  m: 1e6,
  inch: 25_400,
  in: 25_400,
};

/**
 * The description for an output. What ImageJ, OME and tifffile write there counts the images of the file and states
 * their sizes, which overviews and another size make wrong, so that readers refuse the file: it goes, and the size of
 * a pixel that it states is kept as resolution. The size and scale in an Aperio text are those of the output; texts of
 * other slide scanners describe levels that are gone. Everything else stays.
 */
export function describeOutput(
  text: string,
  { scale, to, stated }: { readonly scale: PixelScale; readonly to: Size; readonly stated: Density | undefined },
): CarriedDescription {
  if (/^ImageJ=/.test(text)) return { density: imageJDensity(text, stated) };
  if (/<OME\b/.test(text)) return { density: omeDensity(text) };
  if (/^\s*\{\s*"shape"\s*:/.test(text) || /^shape=\(/.test(text)) return {};
  if (/<DataObject\b[^>]*DPUfsImport|<scn\b|<iScan\b/.test(text)) return {};
  if (/^Aperio\b/.test(text) && (scale.x !== 1 || scale.y !== 1)) return { text: aperioText(text, scale, to) };
  return { text };
}

/** The density that ImageJ's own unit gives the resolution tags; none where they have a unit of length already. */
function imageJDensity(text: string, stated: Density | undefined): Density | undefined {
  const unit = /^unit=(.*)$/m.exec(text)?.[1]?.trim();
  const micrometres = unit === undefined || !Object.hasOwn(MICROMETRES, unit) ? undefined : MICROMETRES[unit]!;
  if (stated === undefined || micrometres === undefined) return undefined;
  return { x: (stated.x * 1e4) / micrometres, y: (stated.y * 1e4) / micrometres };
}

function omeDensity(text: string): Density | undefined {
  const along = (axis: 'X' | 'Y'): number => {
    const size = Number(new RegExp(`\\bPhysicalSize${axis}="([^"]*)"`).exec(text)?.[1]);
    const unit = new RegExp(`\\bPhysicalSize${axis}Unit="([^"]*)"`).exec(text)?.[1] ?? 'µm';
    return 1e4 / (size * (Object.hasOwn(MICROMETRES, unit) ? MICROMETRES[unit]! : Number.NaN));
  };
  const density = { x: along('X'), y: along('Y') };
  return density.x > 0 && density.y > 0 && Number.isFinite(density.x + density.y) ? density : undefined;
}

/** Scales `MPP`, `AppMag` and the size in the second line. */
function aperioText(text: string, { x, y }: PixelScale, { width, height }: Size): string {
  const mean = Math.sqrt(x * y);
  return text
    .replace(
      /(\|\s*MPP\s*=\s*)([\d.]+)/,
      (_all, key: string, value: string) => `${key}${decimal(Number(value) * mean)}`,
    )
    .replace(
      /(\|\s*AppMag\s*=\s*)([\d.]+)/,
      (_all, key: string, value: string) => `${key}${decimal(Number(value) / mean)}`,
    )
    .replace(/^(Aperio[^\n]*\n)\d+x\d+/, (_all, head: string) => `${head}${width}x${height}`);
}

function decimal(value: number): string {
  return String(Number(value.toPrecision(9)));
}
