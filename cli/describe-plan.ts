import type { PlannedJob } from '../library/plan-job.js';
import { formatBytes, formatSeconds, formatWhole } from './format.js';

/** A plan's figures for people: a few lines that end in a line feed. */
export function describePlan(report: PlannedJob): string {
  const { image, output, stages, mapMax, inputPixels, bytes, memory, gpu } = report;
  const byMap = report.operations.some((operation) => operation.byMap);
  const chain = report.operations.map((operation) => {
    const by = operation.byMap ? ' by map' : '';
    return `${operation.name}${by} (${operation.coupling}, ${operation.numeric}, border ${operation.border})`;
  });
  const share = (pixels: number) => `${(100 * (pixels / inputPixels.withoutHalo - 1)).toFixed(1)} %`;
  const lines = [
    `image       ${formatWhole(image.width)}×${formatWhole(image.height)}, ${image.channels} channels of ${image.dtype}`,
    `operations  ${chain.join(' → ')}`,
    ...(report.first === undefined ? [] : [firstLine(report.first)]),
    ...(gpu === undefined ? [] : [`backend     ${describeShare(gpu)}`]),
    ...stages.map(
      ({ kind, tiles, tile, levels }, index) =>
        `stage ${index}     ${kind}: ${formatWhole(tiles)} tiles of ${tile}${levels.length === 0 ? '' : `, writes levels ${levels.join(', ')}`}`,
    ),
    ...(byMap ? [`map         largest value ${mapMax.exact ? 'is' : 'at most'} ${mapMax.value}`] : []),
    ...(report.corners === undefined ? [] : [cornersLine(report.corners)]),
    ...(report.pyramid === undefined ? [] : [pyramidLine(report.pyramid)]),
    `halo        one halo for all tiles reads ${share(inputPixels.withMaxHalo)} more than the image` +
      (inputPixels.adaptive === undefined
        ? byMap && report.corners === undefined
          ? '; --scan tells what adaptive halos read'
          : ''
        : `, adaptive halos ${share(inputPixels.adaptive)} (${formatBytes(bytes.saved ?? 0)} saved)`),
    `bytes       reads ${mapMax.exact ? '' : 'at most '}${formatBytes(bytes.read)}, ` +
      `output ${formatBytes(bytes.output)} before compression (${output.channels} channels of ${output.dtype}, ` +
      `${output.levels} levels, blocks of ${output.block})`,
    `memory      ${formatBytes(memory.totalBytes)}: ${memory.threads} threads of ${formatBytes(memory.perThreadBytes)}, ` +
      `decoded blocks ${formatBytes(memory.blockCacheBytes)}, program ${formatBytes(memory.baseBytes)}`,
    `time        ${timeLine(report)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function firstLine({ operations, bytes }: NonNullable<PlannedJob['first']>): string {
  const which = operations === 1 ? 'the operation before these is' : `the ${operations} operations before these are`;
  return `first       ${which} run by a job of its own, as what follows needs their whole result; it takes ${formatBytes(bytes)} beside the output`;
}

function cornersLine({ aboveRadius, cellSide, tableBytes }: NonNullable<PlannedJob['corners']>): string {
  return (
    `windows     by corners of the summed-area table where a tile has radii above ${aboveRadius}, as a halo would read more; ` +
    `sums of cells of ${cellSide} take ${formatBytes(tableBytes)} of scratch`
  );
}

function pyramidLine({ first, gridBytes }: NonNullable<PlannedJob['pyramid']>): string {
  return (
    `windows     sigmas from ${Math.ceil(Math.sqrt(8 * 4 ** (first - 1)))} on by grids of the whole image, as a halo would read more; ` +
    `they take ${formatBytes(gridBytes)} of scratch`
  );
}

function timeLine({ seconds, trial }: PlannedJob): string {
  if (trial !== undefined) {
    return `about ${formatSeconds(trial.jobSeconds)}, by one tile that took ${formatSeconds(trial.tileSeconds)}`;
  }
  if (seconds === undefined) return '--scan measures it on one tile';
  return `about ${formatSeconds(seconds)} and the output's compression; --scan measures it on one tile`;
}

function describeShare({ name, operations }: NonNullable<PlannedJob['gpu']>): string {
  const parts = operations.map(({ operation, on, why }) =>
    on === 'gpu' ? `${operation} on the GPU` : `${operation} on the processor (${why})`,
  );
  return `${name === undefined ? '' : `${name}: `}${parts.join(' → ')}`;
}
