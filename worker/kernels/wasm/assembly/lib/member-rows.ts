/** The next member of a column lies below its band, or nowhere. */
export const BEYOND: u16 = 0xffff;
/** Stands for a row where there is none. */
export const NO_ROW: i32 = -1;
