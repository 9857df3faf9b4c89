/** Which worker's result of each tile counted, for people: two bytes a tile. */
export class Committers {
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #stages: Uint16Array[] = [];

  note(name: string, { stage, tile }: { readonly stage: number; readonly tile: number }): void {
    const number = this.#numbers.get(name) ?? this.#names.push(name);
    // Beyond that many workers nobody tells colours apart.
    if (number > 0xffff) return;
    this.#numbers.set(name, number);
    let tiles = this.#stages[stage] ?? new Uint16Array(1024);
    if (tile >= tiles.length) {
      const wider = new Uint16Array(Math.max(tile + 1, 2 * tiles.length));
      wider.set(tiles);
      tiles = wider;
    }
    tiles[tile] = number;
    this.#stages[stage] = tiles;
  }

  /** Undefined where no worker of this run did it. */
  of(stage: number, tile: number): string | undefined {
    return this.#names[(this.#stages[stage]?.[tile] ?? 0) - 1];
  }
}
