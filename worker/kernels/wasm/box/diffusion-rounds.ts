import { evenReach, grow, intersect, type Rect, type Size } from '../../../../tiling/geometry/rect.js';
import type { Border } from '../../../../tiling/operations/index.js';
import { floatRowBytes } from '../../../../tiling/operations/scratch.js';
import { borderIndex } from '../../reference/samples/border-index.js';
import type { WasmArena } from '../memory/arena.js';
import type { RowModule } from '../samples/float-rows.js';
import { addressAt, type Plane, type PlaneModule, planeRow } from '../samples/planes.js';

/** Up to this side all samples of a window are summed; longer sums slide. */
const DIRECT_SIDE = 15;

/** What stands beyond the image in every round. */
export interface Extension {
  readonly border: Border;
  readonly constant: number;
  readonly image: Size;
}

/** What all channels of a tile have in common. */
export interface RoundSettings {
  readonly k: number;
  readonly rounds: number;
  /** What one round blends in, at each pixel; its rect is that of every plane. */
  readonly shares: Plane;
  /** The pixels whose values are wanted. */
  readonly output: Rect;
}

/** Columns [from, to) of a row, in image coordinates. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** The rounds of an iterated box over planes: `plane += share·(mean of k×k − plane)`, the mean by columns first. */
export class DiffusionRounds {
  private readonly half: number;
  private readonly ones: number;
  private readonly addresses: Uint32Array;
  private readonly zeros: number;
  private readonly constants: number;
  /** Sums over columns of one row, with a margin of `half` on both sides. */
  private readonly columnSums: number;
  private readonly windowSums: number;
  private readonly factors: number;
  private readonly running: number;

  constructor(
    private readonly arena: WasmArena,
    private readonly modules: { readonly rows: RowModule; readonly planes: PlaneModule },
    private readonly settings: RoundSettings,
  ) {
    const { k, shares } = settings;
    const { width } = shares.rect;
    this.half = (k - 1) / 2;
    const row = () => arena.alloc(floatRowBytes(width));
    this.ones = arena.alloc(floatRowBytes(this.half + 1));
    this.floats(this.ones, this.half + 1).fill(1);
    this.addresses = new Uint32Array(arena.memory.buffer, arena.alloc(k * 4), k);
    this.zeros = row();
    this.floats(this.zeros, floatRowBytes(width) / 4).fill(0);
    this.constants = row();
    this.columnSums = arena.alloc(floatRowBytes(width + 2 * this.half));
    this.windowSums = row();
    this.factors = row();
    this.running = arena.alloc(2 * floatRowBytes(width));
  }

  /** Runs all rounds from `planes[0]`, whose values are lost; the result is one of the two planes. */
  run(planes: readonly [Plane, Plane], extension: Extension): Plane {
    const { rounds, output, shares } = this.settings;
    this.floats(this.constants, floatRowBytes(shares.rect.width) / 4).fill(extension.constant);
    this.fillFactors(extension);
    const finite = this.isFinite(planes[0]);
    let [from, to] = planes;
    for (let round = 0; round < rounds; round++) {
      const wanted = intersect(grow(output, evenReach((rounds - 1 - round) * this.half)), shares.rect);
      this.round(from, to, wanted, finite, extension);
      [from, to] = [to, from];
    }
    return from;
  }

  private round(from: Plane, to: Plane, wanted: Rect, finite: boolean, extension: Extension): void {
    const { planes } = this.modules;
    const { shares } = this.settings;
    const whole = { from: wanted.x, to: wanted.x + wanted.width };
    // A sum that slides never gets rid of a NaN.
    const slides = finite && this.settings.k > DIRECT_SIDE;
    for (let y = wanted.y; y < wanted.y + wanted.height; y++) {
      // NaN spreads even where nothing is blended in, as the formula has it.
      const span = finite && !slides ? this.sharedSpan(whole, y) : whole;
      const rows = slides
        ? this.slideColumns(from, y, y === wanted.y, extension)
        : this.sumColumns(from, y, span, extension);
      const kept = addressAt(from, whole.from, y);
      const into = addressAt(to, whole.from, y);
      if (span.to - span.from < wanted.width) this.copy(kept, into, wanted.width);
      if (span.to === span.from) continue;
      this.extendMargins(span, rows, extension);
      const count = span.to - span.from;
      this.sumAlong(span, slides);
      const offset = (span.from - shares.rect.x) * 4;
      planes.blend(
        addressAt(from, span.from, y),
        this.windowSums,
        addressAt(shares, span.from, y),
        this.factors + offset,
        1 / rows,
        addressAt(to, span.from, y),
        count,
      );
    }
  }

  /** Sums over the rows around y into `columnSums`, for a span and its margins; returns how many rows there are. */
  private sumColumns(plane: Plane, y: number, span: Span, { border, image }: Extension): number {
    const { rect } = plane;
    const first = Math.max(rect.x, span.from - this.half);
    const last = Math.min(rect.x + rect.width, span.to + this.half);
    let rows = 0;
    for (let k = -this.half; k <= this.half; k++) {
      const at = borderIndex(y + k, image.height, border);
      if (at !== undefined) rows++;
      this.addresses[k + this.half] = this.rowAddress(plane, at, first);
    }
    const into = this.columnSums + (first - rect.x + this.half) * 4;
    if (span.to > span.from) {
      this.modules.rows.across(this.addresses.byteOffset, into, last - first, this.ones, this.half);
    }
    return rows;
  }

  /** The same for whole rows from the sums of the row above; `anew` where there is none. */
  private slideColumns(plane: Plane, y: number, anew: boolean, { border, image }: Extension): number {
    const { planes } = this.modules;
    const { x, width } = plane.rect;
    const address = (row: number) => this.rowAddress(plane, borderIndex(row, image.height, border), x);
    if (anew) {
      new Float64Array(this.arena.memory.buffer, this.running, floatRowBytes(width) / 4).fill(0);
      for (let k = -this.half; k <= this.half; k++) planes.slide(this.running, address(y + k), this.zeros, width);
    } else planes.slide(this.running, address(y + this.half), address(y - 1 - this.half), width);
    planes.narrow(this.running, this.columnSums + this.half * 4, width);
    if (border !== 'clip') return this.settings.k;
    return Math.min(image.height - 1, y + this.half) - Math.max(0, y - this.half) + 1;
  }

  private rowAddress(plane: Plane, at: number | undefined, x: number): number {
    const offset = (x - plane.rect.x) * 4;
    if (at === undefined || (at >= 0 && (at < plane.rect.y || at >= plane.rect.y + plane.rect.height))) {
      return this.zeros + offset;
    }
    return at < 0 ? this.constants + offset : addressAt(plane, x, at);
  }

  private sumAlong(span: Span, slides: boolean): void {
    const { rows, planes } = this.modules;
    const source = this.columnSums + (span.from - this.settings.shares.rect.x + this.half) * 4;
    const count = span.to - span.from;
    if (slides) planes.slideAlong(source, this.windowSums, count, this.half);
    else rows.along(source, this.windowSums, count, 1, this.ones, this.half);
  }

  /** Fills what a span's windows find beyond the image's left and right sides. */
  private extendMargins(span: Span, rows: number, { border, constant, image }: Extension): void {
    const { rect } = this.settings.shares;
    const sums = this.floats(this.columnSums, rect.width + 2 * this.half);
    const position = (x: number) => x - rect.x + this.half;
    const fill = (x: number) => {
      const at = borderIndex(x, image.width, border);
      sums[position(x)] = at === undefined ? 0 : at < 0 ? constant * rows : sums[position(at)]!;
    };
    for (let x = span.from - this.half; x < 0; x++) fill(x);
    for (let x = image.width; x < span.to + this.half; x++) fill(x);
  }

  /** 1 / how many columns a window holds, for each column. */
  private fillFactors({ border, image }: Extension): void {
    const { x, width } = this.settings.shares.rect;
    const factors = this.floats(this.factors, width);
    for (let i = 0; i < width; i++) {
      const left = border === 'clip' ? Math.min(this.half, x + i) : this.half;
      const right = border === 'clip' ? Math.min(this.half, image.width - 1 - x - i) : this.half;
      factors[i] = 1 / (left + right + 1);
    }
  }

  /** The columns of a row between the first and the last whose share is not 0, in whole vectors. */
  private sharedSpan({ from, to }: Span, y: number): Span {
    const shares = this.floats(addressAt(this.settings.shares, from, y), to - from);
    let first = 0;
    let last = shares.length;
    while (first < last && shares[first] === 0) first++;
    while (last > first && shares[last - 1] === 0) last--;
    if (first === last) return { from, to: from };
    return { from: from + (first & ~3), to: Math.min(to, from + ((last + 3) & ~3)) };
  }

  private isFinite(plane: Plane): boolean {
    const { y, width, height } = plane.rect;
    for (let row = y; row < y + height; row++) {
      if (!this.modules.planes.allFinite(planeRow(this.arena, plane, row).byteOffset, width)) return false;
    }
    return true;
  }

  private copy(from: number, into: number, count: number): void {
    this.floats(into, count).set(this.floats(from, count));
  }

  private floats(address: number, length: number): Float32Array {
    return new Float32Array(this.arena.memory.buffer, address, length);
  }
}
