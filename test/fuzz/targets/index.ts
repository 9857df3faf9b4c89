import type { FuzzTarget } from '../target.js';
import { jobFiles } from './job-files.js';
import { ledgers } from './ledgers.js';
import { manifests } from './manifests.js';
import { messages } from './messages.js';
import { modules } from './modules.js';
import { palettes } from './palettes.js';
import { pngs } from './pngs.js';
import { tables } from './tables.js';
import { tiffs } from './tiffs.js';

/** Every parser that sees foreign bytes. */
export const TARGETS: readonly FuzzTarget[] = [
  tiffs,
  pngs,
  palettes,
  manifests,
  jobFiles,
  tables,
  ledgers,
  messages,
  modules,
];

export function targetNamed(name: string): FuzzTarget {
  return TARGETS.find((target) => target.name === name)!;
}
