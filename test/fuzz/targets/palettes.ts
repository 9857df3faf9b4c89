import { checkTarget, parseTarget } from '../../../tiling/palette/target.js';
import { type FuzzTarget, textOf } from '../target.js';

const ENDINGS = ['.gpl', '.hex', '.json', '.pal', '.txt', '.act'] as const;

/** Palettes that are no images, in each of their formats. */
export const palettes: FuzzTarget = {
  name: 'palette',
  seeds: [
    'GIMP Palette\nName: four\nColumns: 2\n# a comment\n0 0 0 black\n255 255 255\twhite\n 12  13 14\n',
    '#000000\nffffff\r\n#12ab9F\n\n',
    '{"colors":[{"rgb":[1,2,3],"count":4},{"rgb":[255,0,0]}],"bandwidth":2.5}',
    '[[1,2,3],"#00ff00","0000ff"]',
    'JASC-PAL\r\n0100\r\n2\r\n0 0 0\r\n255 128 1 0\r\n',
    '; paint.net\nFF12ab9F\n00000000 ; clear\n',
    `${'abc'.repeat(256)}\0\x05\0\x01`,
  ].map(textOf),
  words: ['"rgb"', '"colors"', '"__proto__"', '-1', '256', '1e999', '\n', '\u2028'].map(textOf),
  run: (bytes) => {
    const failures: unknown[] = [];
    for (const ending of ENDINGS) {
      try {
        checkTarget(parseTarget(bytes, `fuzzed${ending}`), `fuzzed${ending}`);
      } catch (error) {
        failures.push(error);
      }
    }
    for (const error of failures) if ((error as Error).name !== 'HalotileError') throw error;
    if (failures.length > 0) throw failures[0];
  },
};
