import type { Coordinates } from './colour-space.js';

const DEGREE = Math.PI / 180;
/** 25^7, of the chroma terms. */
const C7 = 25 ** 7;

/**
 * CIE L*a*b* of an sRGB colour (0 to 255 a channel) under D65, 2° observer; the matrix and white point are those of
 * scikit-image's `rgb2lab`.
 */
export function rgbToLab([red, green, blue]: Coordinates): Coordinates {
  const [r, g, b] = [LINEAR[red]!, LINEAR[green]!, LINEAR[blue]!];
  const x = curve((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
  const y = curve(0.212671 * r + 0.71516 * g + 0.072169 * b);
  const z = curve((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const LINEAR = Float64Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92;
});

function curve(value: number): number {
  return value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116;
}

/**
 * The colour difference CIEDE2000 of two L*a*b* colours with all weights 1: about 1 is just visible side by side.
 * G. Sharma, W. Wu, E. N. Dalal: The CIEDE2000 color-difference formula. Color Research and Application 30 (2005).
 */
export function ciede2000([l1, a1, b1]: Coordinates, [l2, a2, b2]: Coordinates): number {
  const chroma7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7;
  const stretch = 1 + 0.5 * (1 - Math.sqrt(chroma7 / (chroma7 + C7)));
  const [c1, c2] = [Math.hypot(a1 * stretch, b1), Math.hypot(a2 * stretch, b2)];
  const [h1, h2] = [hue(a1 * stretch, b1), hue(a2 * stretch, b2)];
  const grey = c1 * c2 === 0;
  const turn = h2 - h1;
  const hueStep = grey ? 0 : turn > 180 ? turn - 360 : turn < -180 ? turn + 360 : turn;
  const hueMean = grey ? h1 + h2 : meanHue(h1, h2);
  const lightness = (l1 + l2) / 2;
  const chroma = (c1 + c2) / 2;
  const t =
    1 -
    0.17 * cosine(hueMean - 30) +
    0.24 * cosine(2 * hueMean) +
    0.32 * cosine(3 * hueMean + 6) -
    0.2 * cosine(4 * hueMean - 63);
  const off = (lightness - 50) ** 2;
  const dl = (l2 - l1) / (1 + (0.015 * off) / Math.sqrt(20 + off));
  const dc = (c2 - c1) / (1 + 0.045 * chroma);
  const dh = (2 * Math.sqrt(c1 * c2) * Math.sin((hueStep / 2) * DEGREE)) / (1 + 0.015 * chroma * t);
  const rotation = 60 * Math.exp(-(((hueMean - 275) / 25) ** 2));
  const rc = 2 * Math.sqrt(chroma ** 7 / (chroma ** 7 + C7));
  return Math.sqrt(Math.max(0, dl * dl + dc * dc + dh * dh - Math.sin(rotation * DEGREE) * rc * dc * dh));
}

/** Degrees from 0 to 360; 0 for greys. */
function hue(a: number, b: number): number {
  const degrees = Math.atan2(b, a) / DEGREE;
  return degrees < 0 ? degrees + 360 : degrees;
}

function meanHue(h1: number, h2: number): number {
  const sum = h1 + h2;
  if (Math.abs(h1 - h2) <= 180) return sum / 2;
  return sum < 360 ? (sum + 360) / 2 : (sum - 360) / 2;
}

function cosine(degrees: number): number {
  return Math.cos(degrees * DEGREE);
}
