import { grow, type Reach, type Rect } from '../../geometry/rect.js';
import { SAMPLE_BYTES } from '../../raster/dtype.js';
import type { KernelShape, Operation, OperationDescriptor } from '../contract/descriptor.js';
import { FOOTPRINT_FILE, prepareFootprint, reflectedText } from '../footprint/footprint.js';
import { extremumPace, extremumScratchBytes, footprintOf, footprintOnly } from './rank.js';

/**
 * What an operation of morphology is made of: the result of `plus`, less that of `minus` where there is one. Each is a
 * chain of `min` and `max`; an empty one is the image itself.
 */
export interface MorphologyParts {
  readonly plus: readonly Operation[];
  readonly minus?: readonly Operation[];
}

/** An operation's parts: erosion takes the smallest sample under the footprint, dilation the largest under its reflection. */
export function morphologyParts(operation: Operation): MorphologyParts {
  const erosion = { ...operation, name: 'min' };
  const footprint = reflectedText(operation.params.footprint as string);
  const dilation = { ...operation, name: 'max', params: { ...operation.params, footprint } };
  switch (operation.name) {
    case 'open':
      return { plus: [erosion, dilation] };
    case 'close':
      return { plus: [dilation, erosion] };
    case 'morph-gradient':
      return { plus: [dilation], minus: [erosion] };
    case 'top-hat':
      return { plus: [], minus: [erosion, dilation] };
    default:
      return { plus: [dilation, erosion], minus: [] };
  }
}

function reachOf(operation: Operation): Reach {
  const { plus, minus = [] } = morphologyParts(operation);
  const [a, b] = [plus, minus].map((chain) => {
    const grown = chain.reduce((rect, step) => grow(rect, footprintOf(step).reach), POINT);
    return { left: -grown.x, top: -grown.y, right: grown.x + grown.width - 1, bottom: grown.y + grown.height - 1 };
  }) as [Reach, Reach];
  return {
    ...{ left: Math.max(a.left, b.left), right: Math.max(a.right, b.right) },
    ...{ top: Math.max(a.top, b.top), bottom: Math.max(a.bottom, b.bottom) },
  };
}

const POINT: Rect = { x: 0, y: 0, width: 1, height: 1 };

/** What lies between two extrema, or the second of a difference, is no larger than the input. */
function scratchBytes(operation: Operation, shape: KernelShape): number {
  const { input, dtype, channels, masked } = shape;
  const between = input.width * input.height * (channels * SAMPLE_BYTES[dtype] + (masked ? 1 : 0));
  const widest = { ...shape, outputWidth: input.width };
  const { plus, minus = [] } = morphologyParts(operation);
  return between + 64 + Math.max(...[...plus, ...minus].map((step) => extremumScratchBytes(step, widest)));
}

function morphology(name: string, summary: string, meaning: 'value' | 'difference'): OperationDescriptor {
  return {
    ...{ name, summary, meaning, scratchBytes },
    coupling: 'window',
    params: footprintOnly,
    mapMeaning: 'none',
    defaultBorder: () => 'reflect',
    numeric: () => 'exact',
    reach: reachOf,
    pace: extremumPace,
    files: { footprint: FOOTPRINT_FILE },
    prepare: prepareFootprint,
  };
}

/** Erosion, then dilation; equal to SciPy's `grey_opening`. */
export const open = morphology('open', 'erosion, then dilation: takes away what is bright and small', 'value');
/** Dilation, then erosion; equal to SciPy's `grey_closing`. */
export const close = morphology('close', 'dilation, then erosion: fills what is dark and small', 'value');
/** Dilation less erosion; equal to SciPy's `morphological_gradient`. */
export const morphGradient = morphology('morph-gradient', 'dilation less erosion: how steep edges are', 'difference');
/** The image less its opening; equal to SciPy's `white_tophat`. */
export const topHat = morphology('top-hat', 'the image less its opening: what is bright and small', 'difference');
/** The closing less the image; equal to SciPy's `black_tophat`. */
export const blackHat = morphology('black-hat', 'the closing less the image: what is dark and small', 'difference');
