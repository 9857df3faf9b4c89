import { badInput, type ErrorPlace, type HalotileError } from '../../../tiling/errors.js';
import type { Rect } from '../../../tiling/geometry/rect.js';
import { MAX_RADIUS } from '../../../tiling/operations/index.js';
import { type Mapping, mappedValue } from '../../../tiling/plan/mapping.js';
import type { Samples } from '../../../tiling/raster/dtype.js';

/**
 * Radii of the map's samples, and the largest: v in float64, cut to `max`, rounded half up. `samples` are the
 * pixels of `rect` in the map's file, row-major and dense; `into` takes one radius a pixel and is the caller's.
 * @throws bad-input naming the pixel, where the sample is nodata or v not finite or negative (with `invalid: 'clamp'` 0 is
 *   taken instead) or where the radius would pass 65535, which neither is clamped to in silence
 */
export function radiiOf(samples: Samples, rect: Rect, mapping: Mapping, into: Uint16Array): number {
  let max = 0;
  for (let i = 0; i < into.length; i++) {
    const radius = Math.floor((mappedValue(mapping, samples[i]!) ?? Number.NaN) + 0.5);
    if (!(radius <= MAX_RADIUS)) throw refusal(samples[i]!, pixelAt(rect, i), mapping);
    into[i] = radius;
    if (radius > max) max = radius;
  }
  return max;
}

/** Sigmas of the map's samples in float32, and the largest; otherwise as {@link radiiOf}. */
export function sigmasOf(samples: Samples, rect: Rect, mapping: Mapping, into: Float32Array): number {
  let max = 0;
  for (let i = 0; i < into.length; i++) {
    const sigma = Math.fround(mappedValue(mapping, samples[i]!) ?? Number.NaN);
    if (!(sigma <= MAX_RADIUS)) throw refusal(samples[i]!, pixelAt(rect, i), mapping);
    into[i] = sigma;
    if (sigma > max) max = sigma;
  }
  return max;
}

/** Why the map's sample at a pixel, which `where` names, gives no radius or sigma. */
export function refusal(sample: number, place: ErrorPlace, mapping: Mapping): HalotileError {
  if (sample === mapping.nodata) {
    return badInput({
      what: `the sample ${sample} is the map's nodata value`,
      ...place,
      expected: 'a value for every pixel',
      remedy: 'correct the map or pass --map-invalid clamp to take 0 there',
    });
  }
  const v = mapping.scale * sample + mapping.offset;
  if (!(Number.isFinite(v) && v >= 0)) {
    return badInput({
      what: `the sample ${sample} means ${v}`,
      ...place,
      expected: 'a finite value of at least 0',
      remedy: 'correct the map or pass --map-invalid clamp to take 0 there',
    });
  }
  return badInput({
    what: `the sample ${sample} means ${v}, as a radius or sigma`,
    ...place,
    expected: `at most ${MAX_RADIUS}`,
    remedy: 'pass a smaller --scale or a --max-radius',
  });
}

function pixelAt(rect: Rect, index: number): ErrorPlace {
  const pixel = { x: rect.x + (index % rect.width), y: rect.y + Math.floor(index / rect.width) };
  return { where: 'map', pixel };
}
