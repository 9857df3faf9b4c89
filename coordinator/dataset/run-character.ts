import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { RecordLog } from '../../tiling/stitch/record-log.js';
import { readCharacterState } from './character-ledger.js';
import { findCharacterPalette } from './count-stage.js';
import type { DatasetContext } from './dataset-context.js';
import type { Character } from './frames/dataset.js';
import { writeCharacter } from './remap-stage.js';
import type { CharacterSummary } from './report/character-summary.js';
import { characterPlace, RunningCharacter } from './running-character.js';

/**
 * Takes one character from wherever its ledger says it stands to its written frames and palette files, in
 * three stages: count, palette, remap. It may die anywhere; the same call continues it.
 * @throws HalotileError
 */
export async function runCharacter(character: Character, context: DatasetContext): Promise<CharacterSummary> {
  const { job, digest, counts } = context;
  const place = characterPlace(job.output, character.name);
  const state = readCharacterState({
    path: place.ledger,
    spillDirectory: place.spill,
    output: place.output,
    character,
    digest,
    keepFailures: job.onError === 'skip',
  });
  if (state.stage === 'done') {
    counts.characterReused(state.summary!.written);
    return state.summary!;
  }
  mkdirSync(place.output, { recursive: true });
  mkdirSync(dirname(place.ledger), { recursive: true });
  for (const output of state.staleOutputs) rmSync(output, { force: true });
  if (state.ledger === 'new') rmSync(place.ledger, { force: true });
  const log = RecordLog.open(place.ledger);
  try {
    const running = new RunningCharacter(character, context, place, state, log);
    if (state.ledger !== 'continue') running.begin();
    return await writeCharacter(running, state.palette ?? (await findCharacterPalette(running)));
  } finally {
    log.close();
    context.budget.release(place.spill);
  }
}
