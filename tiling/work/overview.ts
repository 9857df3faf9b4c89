import type { WorkKind } from './kind.js';
import { type StoredRead, tileBytes } from './tiles.js';

/** The blocks of the base level, and of its mask, that a tile averages. */
export interface OverviewData {
  readonly blocks: readonly StoredRead[];
}

/** Averages stored blocks into the levels above them. */
export const overview: WorkKind<OverviewData, null> = {
  reads: ({ blocks }) => blocks.map(({ source }) => source),
  placed: ({ blocks }, places) => ({
    blocks: blocks.map((block, position): StoredRead => {
      const place = places[position]!;
      if (place.kind === 'held') return { ...block, content: place.content };
      if (place.kind !== 'piece') return block;
      return { ...block, source: { ...block.source, path: place.path, offset: place.offset } };
    }),
  }),
  isValue: (value): value is null => value === null,
  memoryBytes: tileBytes,
  stores: true,
};
