// Read by TypeScript and by AssemblyScript (assembly/gaussian/int16-scale-space.ts): one declaration for both sides.

/** A spread moves 3/8 of a sample to its two neighbours along an axis, */
export const THREE_EIGHTHS = 0;
/** or 5/16 of it. */
export const FIVE_SIXTEENTHS = 1;
