import { readJobFile } from '../../../cli/commands/run.js';
import { resolveOperations } from '../../../tiling/plan/resolve-operations.js';
import { type FuzzTarget, textOf } from '../target.js';
import { scratchFile } from './scratch-file.js';

/** Job files of both kinds, and their operations' parameters. */
export const jobFiles: FuzzTarget = {
  name: 'job-file',
  seeds: [
    'image: in.tif\nmap: map.tif\noutput: out.tif\noperations:\n  - name: box\n    byMap: true\ncompression: {codec: deflate, level: 6}\n',
    '{"image":"in.tif","output":"out.tif","operations":[{"name":"gaussian","params":{"sigma":4}},{"name":"max","params":{"footprint":"disk:11"},"border":"reflect"}],"nodata":[0,null],"tile":512}',
    'frames: frames\noutput: out\nsize: 64x90\npalette: {quantile: 0.1}\n',
    'images: ["a/*.png"]\noutput: out\noperations: [{name: threshold, params: {method: otsu}}]\n',
  ].map(textOf),
  words: [
    ...[
      'operations',
      'params',
      'name',
      'nodata',
      'mapping',
      'scale',
      'compression',
      'constructor',
      '__proto__',
      '.nan',
    ],
    ...['.inf', '1e308', '-1', 'disk:', 'rect:', 'bits:2x2:0110', '&a ', '*a', '? ', '|\n', '!!binary '],
  ].map(textOf),
  run: (bytes) => {
    const job = readJobFile(scratchFile('job.yaml', bytes));
    if ('image' in job) resolveOperations(job.operations, { map: job.map !== undefined });
  },
};
