import type { KindName } from '../../tiling/work/index.js';
import type { Runner } from './runner.js';

/** What runs each kind of work. A thread loads a runner with its first task of the kind. */
export const RUNNERS: { readonly [K in KindName]: () => Promise<Runner<K>> } = {
  module: async () => (await import('./module.js')).module,
  scan: async () => (await import('./scan.js')).scan,
  bits: async () => (await import('./bits.js')).bits,
  sum: async () => (await import('./sum.js')).sum,
  decimate: async () => (await import('./decimate.js')).decimate,
  reduce: async () => (await import('./reduce.js')).reduce,
  filter: async () => (await import('./filter.js')).filter,
  overview: async () => (await import('./overview.js')).overview,
  images: async () => (await import('./images.js')).images,
  measure: async () => (await import('./measure.js')).measure,
  sample: async () => (await import('./sample.js')).sample,
  count: async () => (await import('./count.js')).count,
  find: async () => (await import('./find.js')).find,
  remap: async () => (await import('./remap.js')).remap,
  band: async () => (await import('./band.js')).band,
  copy: async () => (await import('./copy.js')).copy,
  colours: async () => (await import('./colours.js')).colours,
};
