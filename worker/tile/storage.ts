import type { Plan } from '../../tiling/plan/plan.js';
import type { BlockSource } from '../../tiling/raster/block-source.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import type { SinkRef, SourceRef } from '../../tiling/work/references.js';
import { type BlockSink, openSink } from './block-sink.js';

/** Where a thread's jobs read and write. */
export interface Storage {
  /** @throws bad-input for a file that is damaged */
  openSource(ref: SourceRef): BlockSource;
  /** @param thread distinguishes the part files of all threads that ever work on a job */
  openSink(ref: SinkRef, plan: Plan, thread: string): BlockSink;
}

/** Files that this machine sees. */
export const FILE_STORAGE: Storage = {
  openSource(ref) {
    if (ref.kind !== 'file') throw unseen(ref);
    return openTiffSource(ref.path, { directory: ref.directory, info: ref.info, blocksChecked: true });
  },
  openSink(ref, plan, thread) {
    if (ref.kind === 'coordinator') throw unseen(ref);
    return openSink(ref, plan, thread);
  },
};

function unseen({ kind }: { readonly kind: string }): TypeError {
  return new TypeError(`a reference of kind '${kind}' is no file of this machine`);
}
