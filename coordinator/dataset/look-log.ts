import { join } from 'node:path';
import { z } from 'zod';
import { pack, unpack } from '../../proto/convert/pack.js';
import { atOnce } from '../../tiling/breath.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { type Ledger, LedgerHistory } from '../../tiling/stitch/ledger.js';
import { type SampleData, type SampleValue, sample } from '../../tiling/work/sample.js';

/** A tile with more bytes to tell is looked at again after a death: noise has as many colours as pixels. */
const MAX_RECORD_BYTES = 1 << 20;

const lookRecord = z.object({
  type: z.literal('look'),
  tileIndex: z.number().int().min(0),
  json: z.string(),
  pieces: z.array(z.base64()),
});

type LookRecord = z.output<typeof lookRecord>;

/** What the tiles of a large image have told, kept until its character is done so that none is run twice. */
export class LookLog {
  readonly #history: LedgerHistory<LookRecord>;
  readonly #ledger: Ledger<LookRecord>;

  /** @param key of everything that decides what the tiles tell */
  constructor(folder: string, key: string) {
    const own = join(folder, `${key}.look`);
    for (;;) {
      this.#history = atOnce(LedgerHistory.read(own, lookRecord));
      const ledger = this.#history.begin();
      if (ledger === undefined) continue;
      this.#ledger = ledger;
      return;
    }
  }

  /** What earlier runs have found of the tiles of a plan that were asked for `data`, each once. */
  forEach(
    { plan, data }: { readonly plan: Plan; readonly data: SampleData },
    visit: (tileIndex: number, value: SampleValue) => void,
  ): void {
    const seen = new Set<number>();
    const stage = plan.stages.findIndex(({ kind }) => kind === 'filter');
    const { across, down } = plan.stages[stage]!;
    const take = (record: LookRecord | undefined) => {
      if (record === undefined || seen.has(record.tileIndex) || record.tileIndex >= across * down) return;
      const value = valueIn(record);
      if (!sample.isValue!(value, { data, stage, index: record.tileIndex, job: { plan } })) return;
      seen.add(record.tileIndex);
      visit(record.tileIndex, value);
    };
    atOnce(this.#history.visit(take));
  }

  add(tileIndex: number, value: SampleValue): void {
    const { json, pieces } = pack(value);
    if (pieces.reduce((sum, { length }) => sum + length, json.length) > MAX_RECORD_BYTES) return;
    const texts = pieces.map((piece) => Buffer.from(piece).toString('base64'));
    this.#ledger.append({ type: 'look', tileIndex, json, pieces: texts });
  }

  close(): void {
    this.#ledger.close();
  }
}

/** What a record holds, whatever it is; undefined where it is nothing. */
function valueIn({ json, pieces }: LookRecord): unknown {
  try {
    return unpack({ json, pieces: pieces.map((piece) => new Uint8Array(Buffer.from(piece, 'base64'))) });
  } catch {
    return undefined;
  }
}
