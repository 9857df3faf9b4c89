import { readManifest } from '../../../coordinator/find/manifest.js';
import { type FuzzTarget, textOf } from '../target.js';
import { scratchFile } from './scratch-file.js';

/** Lists of frames, as CSV and as YAML; what mutation makes of one is read as both. */
export const manifests: FuzzTarget = {
  name: 'manifest',
  seeds: [
    'image,map,character\na/1.png,m/1.tif,anna\n"b,""2"".png",,\n\n',
    '- image: a/1.png\n  character: anna\n- {image: b.png, map: m.tif}\n',
    'images:\n  - &one {image: x.png}\n  - *one\n',
    '{"images":[{"image":"x.png","map":"y.tif","character":"z"}]}',
  ].map(textOf),
  words: ['image', 'map', 'character', '"', ',', '\r\n', '- ', ': ', '&a ', '*a', '<<: ', '!!js', '__proto__'].map(
    textOf,
  ),
  run: (bytes) => {
    let refusal: unknown;
    for (const ending of ['.csv', '.yaml']) {
      try {
        for (const { image, written } of readManifest(scratchFile(`manifest${ending}`, bytes))) {
          if (image === '' || written === '') throw new Error(`an image called '${written}' at '${image}'`);
        }
      } catch (error) {
        if ((error as Error).name !== 'HalotileError') throw error;
        refusal = error;
      }
    }
    if (refusal !== undefined) throw refusal;
  },
};
