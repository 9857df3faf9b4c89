import { OPERATIONS, type Operation } from '../../../tiling/operations/index.js';
import { type FuzzTarget, textOf } from '../target.js';

const image = { width: 9, height: 9, channels: 3, dtype: 'uint8', alpha: 'none', photometric: 2, carried: [] } as const;
const shape = { form: 'pixel', memory: 'exported', initialPages: 1, maximumPages: 1 } as const;

/** Each file that a parameter may name, in the operation that reads it. */
const READERS: readonly (readonly [name: string, params: Readonly<Record<string, unknown>>])[] = [
  ['lut', { table: 'fuzzed.csv' }],
  ['lut', { table: 'fuzzed.cube' }],
  ['max', { footprint: 'mask:fuzzed.txt' }],
  ['custom', { module: 'fuzzed.wasm', weights: 'fuzzed.txt' }],
];

/** Tables, masks and weights that operations read. */
export const tables: FuzzTarget = {
  name: 'table',
  seeds: [
    '0,1,2\n128;64;3\n255 9 4\n',
    'TITLE "x"\nLUT_1D_SIZE 3\nDOMAIN_MIN 0 0 0\nDOMAIN_MAX 1 1 1\n0 0 0\n0.5 0.25 0.1\n1 1 1\n',
    '0 1 0\n1#1\n.1.\n',
    '. 1 .\n1 2.5 1\n. -1e3 .\n',
  ].map(textOf),
  words: ['LUT_1D_SIZE ', 'LUT_3D_SIZE ', 'DOMAIN_MIN ', 'nan', 'inf', '1e309', '99999999999', '\r', '\n', '#'].map(
    textOf,
  ),
  run: (bytes) => {
    let refusal: unknown;
    for (const [name, params] of READERS) {
      const file = (param: string) => {
        const path = params[param];
        return typeof path === 'string' ? { path: path.replace('mask:', ''), bytes } : undefined;
      };
      const operation: Operation = { name, params, border: 'reflect', constantValue: 0, byMap: false };
      try {
        OPERATIONS[name]!.prepare!(operation, { image, mapMax: 0, file, shapeOf: () => shape });
      } catch (error) {
        if ((error as Error).name !== 'HalotileError') throw error;
        refusal = error;
      }
    }
    if (refusal !== undefined) throw refusal;
  },
};
