import type { LaneLayout } from '../../../../tiling/operations/corners.js';
import type { Lanes, WindowSums } from '../../corner-kernels.js';
import type { LaneRows } from '../../corners/index.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import type { WasmModules } from '../memory/modules.js';
import { NodataTable } from '../samples/nodata.js';
import { validityOf } from '../samples/validity-rows.js';

/** Float32 has 277 powers of two, and a digit at least four of them. */
const MOST_DIGITS = 128;
const ENTRY_BYTES = 16;

/** Rows of float32 whose sums are of digits, where alpha does not weigh. */
export class DigitRows {
  readonly #arena: WasmArena;
  readonly #table: number;
  readonly #nodata: NodataTable;
  #module: WasmModules['corners/digits'] | undefined;

  constructor(arena: WasmArena) {
    this.#arena = arena;
    this.#table = arena.reserve(MOST_DIGITS * ENTRY_BYTES);
    this.#nodata = new NodataTable(arena);
  }

  /** Whether rows of a raster go this way. */
  takes({ dtype }: TileRaster, { digits, weightDigits, squares }: LaneLayout): boolean {
    return dtype === 'float32' && digits !== undefined && weightDigits === undefined && squares === undefined;
  }

  /** Few jobs need it, and a module takes a thread's time when it starts. */
  get #digits(): WasmModules['corners/digits'] {
    this.#module ??= instantiate(this.#arena, 'corners/digits', ['digitRow', 'digitMeans']);
    return this.#module;
  }

  /** Where the assembly finds how a raster's digits lie. */
  #describe(raster: TileRaster, { digits, weighted, countsBad }: LaneLayout, nodata: KernelContext['nodata']) {
    const { at } = digits!;
    const table = new Float64Array(this.#arena.memory.buffer, this.#table, 2 * at.length);
    for (const [digit, exponent] of at.entries()) table.set([2 ** exponent, 2 ** -exponent], 2 * digit);
    this.#nodata.fill(raster, nodata);
    return [raster.channels, this.#table, at.length, Number(weighted), Number(countsBad)] as const;
  }

  /** The lanes of a raster's rows. */
  lanes(raster: TileRaster, { image, layout }: Lanes): LaneRows {
    const arena = this.#arena;
    const { rect, stride } = raster;
    const described = this.#describe(raster, layout, image.nodata);
    const source = arena.addressOf(raster.samples);
    const validAt = validityOf(arena, raster);
    return (row, into) => {
      const valid = validAt(rect.x, rect.y + row);
      const from = source + row * stride * 4;
      this.#digits.digitRow(from, rect.width, ...described, this.#nodata.address, valid, arena.addressOf(into));
    };
  }

  /** Means of windows; nothing is added for what lies beyond the image. */
  writeMeans(
    input: TileRaster,
    output: TileRaster,
    { windows, sums, layout }: WindowSums,
    { nodata }: KernelContext,
  ): void {
    const arena = this.#arena;
    const { radius, image, border } = windows;
    const { rect } = output;
    const described = this.#describe(input, layout, nodata);
    const validAt = validityOf(arena, input);
    const mark = arena.mark();
    const counts = new Float64Array(arena.memory.buffer, arena.alloc(rect.width * 8), rect.width);
    const [own, into, from] = [input.samples, output.samples, sums].map((array) => arena.addressOf(array)) as [
      ...[number, number, number],
    ];
    for (let y = 0; y < rect.height; y++) {
      const top = rect.y + y;
      for (let x = 0; x < rect.width; x++) {
        const r = typeof radius === 'number' ? radius : radius[y * rect.width + x]!;
        const left = rect.x + x;
        const width = Math.min(image.width, left + r + 1) - Math.max(0, left - r);
        const height = Math.min(image.height, top + r + 1) - Math.max(0, top - r);
        counts[x] = border === 'clip' ? width * height : (2 * r + 1) ** 2;
      }
      const rowSums = from + y * rect.width * layout.lanes * 8;
      const [ownRow, intoRow] = [own + y * input.stride * 4, into + y * output.stride * 4];
      const valid = validAt(rect.x, top);
      const place = [ownRow, this.#nodata.address, valid, intoRow] as const;
      this.#digits.digitMeans(rowSums, counts.byteOffset, rect.width, ...described, ...place);
    }
    arena.release(mark);
  }
}
