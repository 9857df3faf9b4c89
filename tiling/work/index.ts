import { band } from './band.js';
import { bits } from './bits.js';
import { colours } from './colours.js';
import { copy } from './copy.js';
import { count } from './count.js';
import { decimate } from './decimate.js';
import { filter } from './filter.js';
import { find } from './find.js';
import { images } from './images.js';
import type { WorkKind } from './kind.js';
import { measure } from './measure.js';
import { module } from './module.js';
import { overview } from './overview.js';
import { reduce } from './reduce.js';
import { remap } from './remap.js';
import { sample } from './sample.js';
import { scan } from './scan.js';
import { sum } from './sum.js';

/** Every kind of work, by name. A new one is a file here, a file of the same name in `worker/work/`, and a row. */
export const WORK_KINDS = {
  ...{ module, scan, bits, sum, decimate, reduce, filter, overview, images, measure },
  ...{ sample, count, find, remap, band, copy, colours },
};

/** Names a kind of work. */
export type KindName = keyof typeof WORK_KINDS;

type Kinds = typeof WORK_KINDS;
type DataByKind = { readonly [K in KindName]: Kinds[K] extends WorkKind<infer D, infer _> ? D : never };
type ValueByKind = { readonly [K in KindName]: Kinds[K] extends WorkKind<infer _, infer V> ? V : never };

/** What a task of a kind says. */
export type DataOf<K extends KindName> = DataByKind[K];

/** What a result of a kind says. */
export type ValueOf<K extends KindName> = ValueByKind[K];

/** A kind as those see it who handle tasks of any. */
export function kindOf(name: KindName): WorkKind<unknown, unknown> {
  return WORK_KINDS[name] as WorkKind<unknown, unknown>;
}

/** Whether a text names a kind of work. */
export function isKindName(name: string): name is KindName {
  return Object.hasOwn(WORK_KINDS, name);
}
