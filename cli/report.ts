import type { JobResult } from '../coordinator/index.js';
import { counted, formatBytes, formatSeconds, formatWhole } from './format.js';

/** What a finished job did, for people: a few lines that end in a line feed. */
export function describeResult(result: JobResult): string {
  if (result.table !== undefined) return describeTable(result, result.table);
  const { seconds, tiles, bytes, blocksDecoded } = result;
  const pixels = result.width * result.height;
  const stages = (['read', 'decode', 'kernel', 'encode', 'write'] as const)
    .map((stage) => `${stage} ${seconds[stage].toFixed(2)}`)
    .join(', ');
  const resumed = tiles.resumed > 0 ? `, ${tiles.resumed} of them from an earlier run` : '';
  const lines = [
    `${result.output}: ${formatWhole(result.width)}×${formatWhole(result.height)}, ${counted(result.channels, 'channel')} of ${result.dtype}, ` +
      `${counted(result.levels, 'level')}, ${formatBytes(bytes.output)}`,
    `  ${counted(tiles.total, 'tile')} of ${tiles.side}${resumed}`,
    `  ${formatSeconds(seconds.total)}: ${rate(pixels, seconds.total)} Mpx/s, ` +
      `${rate(bytes.read + bytes.written, seconds.total)} MB/s read and written`,
    `  seconds over all threads: ${stages}; prepare ${seconds.prepare.toFixed(2)}, ` +
      `assemble ${seconds.assemble.toFixed(2)}`,
    // Without a map all halos are alike.
    ...(result.mapMax > 0 ? [haloLine(result)] : []),
    `  peak memory ${formatBytes(result.peakMemoryBytes)}; CRC-32 of the pixels ${result.crc}`,
  ];
  if (blocksDecoded.count > 0) {
    lines.push(`  ${counted(blocksDecoded.count, 'block')} decoded, ${blocksDecoded.perBlock.toFixed(2)} times each`);
  }
  return `${lines.join('\n')}\n`;
}

function describeTable(
  { output, width, height, tiles, bytes, seconds, crc }: JobResult,
  { labels, columns }: NonNullable<JobResult['table']>,
): string {
  const resumed = tiles.resumed > 0 ? `, ${tiles.resumed} of them from an earlier run` : '';
  return [
    `${output}: ${counted(labels, 'label')} of ${formatWhole(width)}×${formatWhole(height)}, ${counted(columns.length, 'column')}, ${formatBytes(bytes.output)}`,
    `  ${counted(tiles.total, 'part')}${resumed}`,
    `  ${formatSeconds(seconds.total)}: ${rate(width * height, seconds.total)} Mpx/s; CRC-32 of the table ${crc}\n`,
  ].join('\n');
}

function haloLine({ mapMax, halo }: JobResult): string {
  const saved = (100 * halo.savedShare).toFixed(1);
  return `  largest map value ${round(mapMax)}; halo: ${saved} % of the pixels that one halo for all tiles would read were not read`;
}

function rate(count: number, seconds: number): string {
  return seconds > 0 ? (count / 1e6 / seconds).toFixed(0) : '-';
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
