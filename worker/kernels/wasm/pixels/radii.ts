import type { Rect } from '../../../../tiling/geometry/rect.js';
import { MAX_RADIUS } from '../../../../tiling/operations/index.js';
import { type Mapping, mappedValue } from '../../../../tiling/plan/mapping.js';
import type { Samples } from '../../../../tiling/raster/dtype.js';
import type { PixelKernels } from '../../pixel-kernels.js';
import { radiiOf } from '../../reference/map-values.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';

/** What the table holds for sample values that give no radius. */
const NO_RADIUS = MAX_RADIUS + 1;

/**
 * Values of maps in WebAssembly. Radii: integer maps by a table that is kept while the mapping stays the same, float maps in
 * float64. A tile with an invalid sample goes through the reference, which names the pixel.
 */
export function wasmMapValues(arena: WasmArena): Pick<PixelKernels, 'radii' | 'largestValue'> {
  const names = ['tableRadii8', 'tableRadii16', 'widenRadii8', 'floatRadii', 'floatRange'] as const;
  const module = instantiate(arena, 'pixels/radii', names);
  const tableAddress = arena.reserve((MAX_RADIUS + 1) * 4);
  const range = arena.reserve(8);
  let tabled: { readonly mapping: Mapping; readonly entries: number; readonly identity: boolean } | undefined;

  function tableFor(mapping: Mapping, entries: number): { readonly identity: boolean } {
    if (tabled && tabled.entries >= entries && sameMapping(tabled.mapping, mapping)) return tabled;
    const table = new Uint32Array(arena.memory.buffer, tableAddress, entries);
    for (let sample = 0; sample < entries; sample++) {
      const radius = Math.floor((mappedValue(mapping, sample) ?? Number.NaN) + 0.5);
      table[sample] = radius <= MAX_RADIUS ? radius : NO_RADIUS;
    }
    tabled = { mapping, entries, identity: table.every((radius, sample) => radius === sample) };
    return tabled;
  }

  function largestRadius(samples: Samples, rect: Rect, mapping: Mapping, into: Uint16Array): number {
    const from = arena.addressOf(samples);
    const to = arena.addressOf(into);
    if (samples instanceof Float32Array) {
      const limit = mapping.max ?? Number.POSITIVE_INFINITY;
      const clamp = mapping.invalid === 'clamp' ? 1 : 0;
      if (mapping.nodata !== undefined && samples.includes(mapping.nodata))
        return radiiOf(samples, rect, mapping, into);
      return module.floatRadii(from, into.length, mapping.scale, mapping.offset, limit, clamp, to);
    }
    if (samples instanceof Uint32Array) return radiiOf(samples, rect, mapping, into);
    if (samples instanceof Uint16Array) {
      tableFor(mapping, 65536);
      return module.tableRadii16(from, into.length, tableAddress, to);
    }
    if (tableFor(mapping, 256).identity) return module.widenRadii8(from, into.length, to);
    return module.tableRadii8(from, into.length, tableAddress, to);
  }

  return {
    radii: (samples, rect, mapping, into) => {
      const largest = largestRadius(samples, rect, mapping, into);
      return largest <= MAX_RADIUS ? largest : radiiOf(samples, rect, mapping, into);
    },

    // v rises or falls with the sample: where both ends are valid all between them are, and none is larger than both.
    largestValue: (samples, mapping) => {
      if (!(samples instanceof Float32Array) || mapping.nodata !== undefined) return undefined;
      if (!module.floatRange(arena.addressOf(samples), samples.length, range)) return undefined;
      const ends = new Float32Array(arena.memory.buffer, range, 2);
      const [a, b] = [...ends].map((end) => mappedValue({ ...mapping, invalid: 'error' }, end));
      return a === undefined || b === undefined ? undefined : Math.max(a, b);
    },
  };
}

function sameMapping(a: Mapping, b: Mapping): boolean {
  return (
    a.scale === b.scale && a.offset === b.offset && a.max === b.max && a.invalid === b.invalid && a.nodata === b.nodata
  );
}
