// Read by TypeScript and by AssemblyScript (assembly/gaussian/int16-scale-space.ts): one declaration for both sides.

/** A spread moves a quarter of a sample to its two neighbours along an axis, */
export const QUARTER = 0;
/** or 5/16 of it, */
export const FIVE_SIXTEENTHS = 1;
/** or 3/8, */
export const THREE_EIGHTHS = 2;
/** or half; */
export const HALF = 3;
/** or it moves half twice over, */
export const HALF_TWICE = 4;
/** or a quarter. */
export const QUARTER_TWICE = 5;
