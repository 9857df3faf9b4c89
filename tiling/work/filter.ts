import type { WorkKind } from './kind.js';
import { isTileValue, type TileData, type TileValue, tileBytes } from './tiles.js';

/** Runs the plan's chain over one tile and writes its blocks at every level that lies whole inside it. */
export const filter: WorkKind<TileData, TileValue> = { isValue: isTileValue, memoryBytes: tileBytes, stores: true };
