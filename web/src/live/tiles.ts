import { useEffect, useRef, useState } from 'preact/hooks';
import type { TileChanges, TileGrids } from '../../../proto/page/messages';
import { useVisible } from './visible';

/** Every tile of a job's stage that makes its pixels, one entry a tile. */
export class TileBoard {
  readonly grids: TileGrids;
  readonly workers: string[] = [];
  /** 1 where a tile is committed. */
  readonly committed: Uint8Array;
  /** The worker that committed it, an index into `workers`. */
  readonly by: Uint16Array;
  /** Attempts, where more than one was begun. */
  readonly attempts = new Map<number, number>();
  /** Tiles that run now, and whether they take far longer than usual. */
  running: { tile: number; worker: number; late: boolean }[] = [];
  /** Counts of tiles of all stages. */
  done = 0;
  finishedShare = 0;
  /** Grows with every change. */
  version = 0;

  constructor(grids: TileGrids) {
    this.grids = grids;
    const { across, down } = this.grid;
    this.committed = new Uint8Array(across * down);
    this.by = new Uint16Array(across * down);
  }

  get grid() {
    return this.grids.stages[this.grids.filter]!;
  }

  apply({ committed, workers, running, repeated, meanMs, finishedShare }: TileChanges): void {
    this.workers.push(...workers);
    const { filter } = this.grids;
    for (let i = 0; i < committed.length; i += 3) {
      this.done++;
      if (committed[i] !== filter) continue;
      const tile = committed[i + 1]!;
      this.committed[tile] = 1;
      this.by[tile] = committed[i + 2]!;
    }
    this.running = [];
    const late = LATE_TIMES * (meanMs[filter] ?? Number.POSITIVE_INFINITY);
    for (let i = 0; i < running.length; i += 4) {
      if (running[i] !== filter) continue;
      this.running.push({ tile: running[i + 1]!, worker: running[i + 2]!, late: running[i + 3]! > late });
    }
    for (let i = 0; i < repeated.length; i += 3) {
      if (repeated[i] === filter) this.attempts.set(repeated[i + 1]!, repeated[i + 2]!);
    }
    this.finishedShare = finishedShare;
    this.version++;
  }

  /** How many committed tiles touch a rect of the output, in pixels. */
  committedIn(x: number, y: number, width: number, height: number): number {
    const { across, down, tileSide } = this.grid;
    const left = Math.floor(x / tileSide);
    const right = Math.min(across, Math.ceil((x + width) / tileSide));
    const bottom = Math.min(down, Math.ceil((y + height) / tileSide));
    let count = 0;
    for (let row = Math.floor(y / tileSide); row < bottom; row++) {
      for (let tile = row * across + left; tile < row * across + right; tile++) count += this.committed[tile]!;
    }
    return count;
  }
}

/** A tile that runs so many times as long as others is late. */
const LATE_TIMES = 3;

/** The tiles of a job while it runs; what they were stays when it ends. */
export function useTiles(
  path: string | undefined,
  onEnd: () => void,
): { board: TileBoard | undefined; version: number } {
  const board = useRef<TileBoard | undefined>(undefined);
  const [version, setVersion] = useState(0);
  const visible = useVisible();
  useEffect(() => {
    if (path === undefined || !visible) return;
    const source = new EventSource(path);
    // The stream begins anew after a break, with everything.
    source.addEventListener('grid', (event) => {
      board.current = new TileBoard(JSON.parse(event.data) as TileGrids);
    });
    source.addEventListener('tiles', (event) => {
      board.current?.apply(JSON.parse(event.data) as TileChanges);
      setVersion((known) => known + 1);
    });
    source.addEventListener('end', () => {
      source.close();
      onEnd();
    });
    return () => source.close();
  }, [path, visible]);
  return { board: board.current, version };
}
