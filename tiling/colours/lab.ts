/** x and y of a white. */
export type White = readonly [x: number, y: number];

/** What L*, a* and b* are stored as. */
export interface LabCodes {
  /** The number that L* = 100 has. */
  readonly lightest: number;
  /** The number that a* = b* = 0 have. */
  readonly neutral: number;
  /** How much one unit of a* and b* is. */
  readonly unit: number;
}

/** CIE's D50, to which Lab images refer where they name no other white (ICC.1, TIFF 6.0 section 23). */
export const D50: White = [0.3457, 0.3585];

/** X, Y and Z of D50 as ICC.1 has them, and of the white of sRGB. */
const XYZ_D50 = [0.9642, 1, 0.8249] as const;
const XYZ_D65 = [0.9505, 1, 1.089] as const;

/** Linear sRGB of XYZ under D65 (IEC 61966-2-1). */
const RGB_OF_XYZ = [
  [3.2406, -1.5372, -0.4986],
  [-0.9689, 1.8758, 0.0415],
  [0.0557, -0.204, 1.057],
] as const;

/** Cone responses by Bradford, and back. */
const BRADFORD = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
] as const;
const BRADFORD_BACK = [
  [0.9869929, -0.1470543, 0.1599627],
  [0.4323053, 0.5183603, 0.0492912],
  [-0.0085287, 0.0400428, 0.9684867],
] as const;

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

/**
 * sRGB of interleaved L*, a* and b*: to XYZ under the image's white, by Bradford's adaptation to D65, and the transfer
 * curve of IEC 61966-2-1; what lies outside the gamut is cut. Bounded: within one of 255 of Little CMS.
 * @param channels of a pixel; those behind the three stay as they are
 */
export function rgbOfLab<S extends Uint8Array | Uint16Array>(
  samples: S,
  channels: number,
  { codes: { lightest, neutral, unit }, white = D50 }: { readonly codes: LabCodes; readonly white?: White },
): S {
  const largest = samples instanceof Uint8Array ? 0xff : 0xffff;
  const from = whiteXyz(white);
  const matrix = product(RGB_OF_XYZ, adaptation(from));
  const result = new (samples.constructor as new (length: number) => S)(samples.length);
  for (let at = 0; at < samples.length; at += channels) {
    const fy = ((samples[at]! / lightest) * 100 + 16) / 116;
    const fx = fy + (samples[at + 1]! - neutral) / unit / 500;
    const fz = fy - (samples[at + 2]! - neutral) / unit / 200;
    const [x, y, z] = [from[0] * cube(fx), from[1] * cube(fy), from[2] * cube(fz)];
    for (let c = 0; c < 3; c++) {
      const [ofX, ofY, ofZ] = matrix[c]!;
      result[at + c] = Math.floor(encoded(ofX * x + ofY * y + ofZ * z) * largest + 0.5);
    }
    for (let c = 3; c < channels; c++) result[at + c] = samples[at + c]!;
  }
  return result;
}

/** The inverse of CIE's cube root with its straight part. */
function cube(f: number): number {
  return f > 6 / 29 ? f * f * f : 3 * (6 / 29) ** 2 * (f - 4 / 29);
}

function encoded(linear: number): number {
  if (linear <= 0) return 0;
  if (linear >= 1) return 1;
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
}

function whiteXyz([x, y]: White): Triple {
  const isD50 = Math.abs(x - D50[0]) < 0.001 && Math.abs(y - D50[1]) < 0.001;
  return isD50 ? XYZ_D50 : [x / y, 1, (1 - x - y) / y];
}

/** XYZ under D65 of XYZ under another white. */
function adaptation(from: Triple): Matrix {
  const [here, there] = [times(BRADFORD, from), times(BRADFORD, XYZ_D65)];
  const scaled = BRADFORD.map((row, i) => row.map((value) => (value * there[i]!) / here[i]!)) as unknown as Matrix;
  return product(BRADFORD_BACK, scaled);
}

function times(matrix: Matrix, [x, y, z]: Triple): Triple {
  return matrix.map((row) => row[0] * x + row[1] * y + row[2] * z) as unknown as Triple;
}

function product(left: Matrix, right: Matrix): Matrix {
  return left.map((row) =>
    [0, 1, 2].map((c) => row[0] * right[0]![c]! + row[1] * right[1]![c]! + row[2] * right[2]![c]!),
  ) as unknown as Matrix;
}
