import { OPERATIONS, type Operation } from '../operations/index.js';

/**
 * The largest map value' that a plan is made with, from the largest one that the map holds: rounded where all
 * operations by map take it as a radius.
 */
export function plannedMapMax(byMap: readonly Operation[], scanned: number): number {
  const rounds = byMap.every(({ name }) => OPERATIONS[name]!.mapMeaning === 'radius');
  return rounds ? Math.floor(scanned + 0.5) : scanned;
}
