export { HalotileError } from './tiling/errors.js';
