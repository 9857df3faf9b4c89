import type { Kernel } from '../../kernel.js';
import { sampleIndex } from '../../reference/samples/pixels.js';

/** An operation on single samples, run over all of them, masked pixels put back afterwards: they take part in nothing. */
export function keepingMasked(kernel: Kernel): Kernel {
  return (input, output, operation, context) => {
    kernel(input, output, operation, context);
    const { valid } = input;
    if (valid === undefined) return;
    const { rect, channels, samples } = output;
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      let from = sampleIndex(input, rect.x, y);
      let to = sampleIndex(output, rect.x, y);
      for (let x = 0; x < rect.width; x++, from += channels, to += channels) {
        if (valid[from / channels] !== 0) continue;
        for (let c = 0; c < channels; c++) samples[to + c] = input.samples[from + c]!;
      }
    }
  };
}
