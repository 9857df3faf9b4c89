import type { TileBoard } from '../live/tiles';

/** How tiles are coloured. */
export const COLOURINGS = ['state', 'worker', 'none'] as const;
export type Colouring = (typeof COLOURINGS)[number];

type Rgba = readonly [number, number, number, number];

/** Okabe and Ito's colours, which the colour-blind tell apart. */
const WORKERS: readonly Rgba[] = (
  [
    [230, 159, 0],
    [86, 180, 233],
    [0, 158, 115],
    [240, 228, 66],
    [0, 114, 178],
    [213, 94, 0],
    [204, 121, 167],
    [120, 120, 120],
  ] as const
).map(([r, g, b]) => [r, g, b, 150]);

const WAITING: Rgba = [120, 126, 136, 110];
const RUNNING: Rgba = [255, 176, 0, 170];
const LATE: Rgba = [214, 40, 40, 190];
const REPEATED: Rgba = [190, 60, 190, 120];
const NOTHING: Rgba = [0, 0, 0, 0];

export const LEGEND = [
  { text: 'waits', colour: WAITING },
  { text: 'runs', colour: RUNNING },
  { text: 'late', colour: LATE },
  { text: 'begun more than once', colour: REPEATED },
] as const;

/** The colour of a worker, by its index. */
export function workerColour(worker: number): Rgba {
  return WORKERS[worker % WORKERS.length]!;
}

export function css([r, g, b, a]: Rgba): string {
  return `rgb(${r} ${g} ${b} / ${a / 255})`;
}

/** One pixel a tile: what lies over the image. A hundred thousand of them are drawn by one copy. */
export class TilePaint {
  readonly canvas = document.createElement('canvas');
  readonly #pixels: ImageData;

  constructor(board: TileBoard) {
    const { across, down } = board.grid;
    this.canvas.width = across;
    this.canvas.height = down;
    this.#pixels = new ImageData(across, down);
  }

  paint(board: TileBoard, colouring: Colouring): void {
    const words = new Uint32Array(this.#pixels.data.buffer);
    const { committed, by } = board;
    const waiting = word(WAITING);
    const done = word(NOTHING);
    const ofWorkers = board.workers.map((_, index) => word(workerColour(index)));
    for (let tile = 0; tile < words.length; tile++) {
      if (committed[tile] === 0) words[tile] = waiting;
      else words[tile] = colouring === 'worker' ? (ofWorkers[by[tile]!] ?? done) : done;
    }
    for (const { tile, worker, late } of board.running) {
      words[tile] = colouring === 'worker' ? word(workerColour(worker)) : word(late ? LATE : RUNNING);
    }
    if (colouring === 'state')
      for (const tile of board.attempts.keys()) if (committed[tile]) words[tile] = word(REPEATED);
    this.canvas.getContext('2d')!.putImageData(this.#pixels, 0, 0);
  }
}

const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function word([r, g, b, a]: Rgba): number {
  return littleEndian ? ((a << 24) | (b << 16) | (g << 8) | r) >>> 0 : ((r << 24) | (g << 16) | (b << 8) | a) >>> 0;
}
