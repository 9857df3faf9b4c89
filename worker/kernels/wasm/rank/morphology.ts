import { morphologyParts } from '../../../../tiling/operations/rank/morphology.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import { type Kernel, partOf } from '../../kernel.js';
import { likeOf, runExtrema } from '../../reference/morphology.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { keepInvalid } from '../samples/invalid-samples.js';

const EXPORTS = ['subtract8', 'subtract16', 'subtract32'] as const;
const SUBTRACTIONS = { uint8: 'subtract8', uint16: 'subtract16', float32: 'subtract32' } as const;

/**
 * Opening, closing, gradient and hats by the extrema of WebAssembly. Differences of integers end at 0, as rounding to
 * their type has it. One raster is taken beside input and output: what lies between two extrema, or the second of two.
 */
export function wasmMorphology(arena: WasmArena, extremum: Kernel): Kernel {
  const module = instantiate(arena, 'rank/subtract', EXPORTS);
  return (input, output, operation, context) => {
    const mark = arena.mark();
    const { plus, minus } = morphologyParts(operation);
    const engine = { extremum, memory: arena };
    const whole = partOf(input, output.rect);
    const minuend = plus.length === 0 ? whole : runExtrema(plus, { input, into: output, context }, engine);
    if (minus !== undefined) {
      const into = minuend === output && minus.length > 0 ? likeOf(input, output.rect, arena) : output;
      const subtrahend = minus.length === 0 ? whole : runExtrema(minus, { input, into, context }, engine);
      const { rect, channels, dtype } = output;
      const subtract = module[SUBTRACTIONS[dtype as keyof typeof SUBTRACTIONS]];
      for (let row = 0; row < rect.height; row++) {
        const [from, less, to] = [minuend, subtrahend, output].map(({ samples, stride }) => {
          return arena.addressOf(samples) + row * stride * SAMPLE_BYTES[dtype];
        }) as [number, number, number];
        subtract(from, less, to, rect.width * channels * SAMPLE_BYTES[dtype]);
      }
      keepInvalid(input, output, context);
    }
    arena.release(mark);
  };
}
