import { mkdirSync, rmSync } from 'node:fs';
import { inTurns } from '../../tiling/breath.js';
import type { Ledger } from '../../tiling/stitch/ledger.js';
import { type CharacterState, characterHistory, characterState } from './character-ledger.js';
import type { CharacterRecord } from './character-records.js';
import { findCharacterPalette } from './count-stage.js';
import type { DatasetContext } from './dataset-context.js';
import type { Character } from './frames/dataset.js';
import { paletteFiles } from './frames/frame-list.js';
import { writeCharacter } from './remap-stage.js';
import type { CharacterSummary } from './report/character-summary.js';
import { type CharacterPlace, characterPlace, RunningCharacter } from './running-character.js';

/**
 * Takes one character from wherever its ledger says it stands to its written frames and palette files, in
 * three stages: count, palette, remap. It may die anywhere; the same call continues it.
 * @throws HalotileError
 */
export async function runCharacter(character: Character, context: DatasetContext): Promise<CharacterSummary> {
  const place = characterPlace(context.job.output, character.name);
  const { state, ledger } = await openCharacter(character, context, place);
  if (ledger === undefined) {
    context.counts.characterReused(state.summary!.written);
    return state.summary!;
  }
  try {
    mkdirSync(place.output, { recursive: true });
    for (const output of state.staleOutputs) rmSync(output, { force: true });
    const running = new RunningCharacter(character, context, place, state, ledger);
    if (state.ledger !== 'continue') running.begin();
    return await writeCharacter(running, state.palette ?? (await findCharacterPalette(running)));
  } finally {
    ledger.close();
    context.budget.release(place.spill);
  }
}

/** Where a character stands, and the ledger of its next epoch; no ledger where there is nothing to do. */
async function openCharacter(
  character: Character,
  { job, digest }: DatasetContext,
  place: CharacterPlace,
): Promise<{ readonly state: CharacterState; readonly ledger?: Ledger<CharacterRecord> }> {
  for (;;) {
    const history = await inTurns(characterHistory(place.state));
    const state = await inTurns(
      characterState(history, {
        ...{ spillDirectory: place.spill, output: place.output, character, digest },
        paletteFiles: paletteFiles(job.palette),
        keepFailures: job.onError === 'skip',
      }),
    );
    if (state.stage === 'done') return { state };
    const ledger = history.begin({ anew: state.ledger === 'new' });
    if (ledger !== undefined) return { state, ledger };
  }
}
