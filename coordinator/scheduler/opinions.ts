/** What one worker computed of a tile that is computed again elsewhere. */
export interface Opinion {
  readonly instance: string;
  readonly owner: string;
  readonly pixelCrc: number;
}

/**
 * What several workers say of one tile: `agreed` where two have the same pixels, with those who have others; `doubted`
 * as long as another worker is to be asked; `single` where nobody else can be; `split` where nobody else can be and no
 * two agree.
 */
export type Judgement =
  | { readonly type: 'agreed'; readonly wrong: readonly Opinion[] }
  | { readonly type: 'doubted' | 'single' | 'split' };

/** Weighs a new opinion against earlier ones of other workers. */
export function weigh(earlier: readonly Opinion[], latest: Opinion, isAnybodyLeft: boolean): Judgement {
  const others = earlier.filter(({ instance }) => instance !== latest.instance);
  if (others.some(({ pixelCrc }) => pixelCrc === latest.pixelCrc)) {
    return { type: 'agreed', wrong: others.filter(({ pixelCrc }) => pixelCrc !== latest.pixelCrc) };
  }
  if (isAnybodyLeft) return { type: 'doubted' };
  return { type: others.length === 0 ? 'single' : 'split' };
}
