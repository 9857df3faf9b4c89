/** Rows of five bits, top to bottom, most significant bit left. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  A: [14, 17, 17, 31, 17, 17, 17],
  E: [31, 16, 16, 30, 16, 16, 31],
  F: [31, 16, 16, 30, 16, 16, 16],
  H: [17, 17, 17, 31, 17, 17, 17],
  I: [14, 4, 4, 4, 4, 4, 14],
  L: [16, 16, 16, 16, 16, 16, 31],
  O: [14, 17, 17, 17, 17, 17, 14],
  T: [31, 4, 4, 4, 4, 4, 4],
};

/** Side of the chart's bitmap in texels. */
export const CHART_SIDE = 256;

/** The lines of the chart: text, height of one glyph dot in texels, top row. */
const LINES: readonly (readonly [text: string, dot: number, top: number])[] = [
  ['HALO', 8, 22],
  ['TILE', 6, 90],
  ['HALOTILE', 4, 144],
  ['TALE OF A HALO', 2, 182],
  ['A LITTLE TALE', 2, 203],
  ['OH HALOTILE AT THE HALL', 1, 226],
];

/** A reading chart, one byte a texel, row-major, 1 where there is ink: letters shrink from line to line. */
export function drawChart(): Uint8Array {
  const bitmap = new Uint8Array(CHART_SIDE * CHART_SIDE);
  for (const [text, dot, top] of LINES) {
    const start = Math.floor((CHART_SIDE - (text.length * 6 - 1) * dot) / 2);
    [...text].forEach((letter, index) => {
      drawGlyph(bitmap, GLYPHS[letter] ?? [], { left: start + index * 6 * dot, top, dot });
    });
  }
  return bitmap;
}

function drawGlyph(
  bitmap: Uint8Array,
  glyph: readonly number[],
  at: { readonly left: number; readonly top: number; readonly dot: number },
): void {
  for (const [row, bits] of glyph.entries()) {
    for (let column = 0; column < 5; column++) {
      if (((bits >> (4 - column)) & 1) === 0) continue;
      for (let y = 0; y < at.dot; y++) {
        const from = (at.top + row * at.dot + y) * CHART_SIDE + at.left + column * at.dot;
        bitmap.fill(1, from, from + at.dot);
      }
    }
  }
}
