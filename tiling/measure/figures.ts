import type { Size } from '../geometry/rect.js';
import { CHANNEL, channelAt, type MeasuredChannels, REGION, wholeAt } from './record.js';

/** A figure as a table has it: whole numbers beyond 2^53 are exact. */
export type Figure = number | bigint | boolean;

/** Of a region: first pixel and extent of its bounding box, the mean of its pixels' indices. */
const REGION_COLUMNS = [
  ...['label', 'area', 'x', 'y', 'width', 'height'],
  ...['centroidX', 'centroidY', 'touchesBorder'],
];
const CHANNEL_COLUMNS = ['count', 'mean', 'min', 'max', 'sum', 'std'];

/** What a figure is: a whole number, any number, or whether something holds. */
export type FigureType = 'whole' | 'real' | 'flag';

/** What the figures of a table are, in the order of {@link columnsOf}. */
export function figureTypes(channels: MeasuredChannels): FigureType[] {
  const whole = (exact: boolean): FigureType => (exact ? 'whole' : 'real');
  return [
    ...['label', 'area', 'x', 'y', 'width', 'height'].map((): FigureType => 'whole'),
    ...(['real', 'real', 'flag'] as const),
    ...channels.flatMap((exact): FigureType[] => [
      ...(['whole', 'real'] as const),
      ...[whole(exact), whole(exact), whole(exact)],
      'real',
    ]),
  ];
}

/** How the figures of a table are called; `names` are those of the measured channels. */
export function columnsOf(names: readonly string[]): string[] {
  return [...REGION_COLUMNS, ...names.flatMap((name) => CHANNEL_COLUMNS.map((column) => `${name}.${column}`))];
}

/**
 * The figures of a label, in the order of {@link columnsOf}, from its merged record. A channel without a sample that
 * counts has NaN for all but its count and sum.
 */
export function figuresOf(record: Float64Array, channels: MeasuredChannels, { width, height }: Size): Figure[] {
  const area = record[REGION.pixels]!;
  const { left, top, right, bottom } = REGION;
  const [x, y, endX, endY] = [record[left]!, record[top]!, record[right]! + 1, record[bottom]! + 1];
  return [
    ...[record[REGION.label]!, area, x, y, endX - x, endY - y],
    ...[Number(wholeAt(record, REGION.sumX)) / area, Number(wholeAt(record, REGION.sumY)) / area],
    x === 0 || y === 0 || endX === width || endY === height,
    ...channels.flatMap((exact, channel) => channelFigures(record, channelAt(channel), exact)),
  ];
}

function channelFigures(record: Float64Array, at: number, exact: boolean): Figure[] {
  const count = record[at + CHANNEL.count]!;
  if (count === 0) return [0, Number.NaN, Number.NaN, Number.NaN, 0, Number.NaN];
  const [low, high] = [record[at + CHANNEL.low]!, record[at + CHANNEL.high]!];
  if (!exact) {
    const sum = record[at + CHANNEL.sum]!;
    return [count, sum / count, low, high, sum, Math.sqrt(record[at + CHANNEL.squares]! / count)];
  }
  const sum = wholeAt(record, at + CHANNEL.sum);
  const spread = BigInt(count) * wholeAt(record, at + CHANNEL.squares) - sum * sum;
  return [count, Number(sum) / count, low, high, sum, Math.sqrt(Number(spread)) / count];
}

/** One line of a table of comma-separated values. */
export function csvLine(figures: readonly Figure[]): string {
  return `${figures.map((figure) => (Number.isNaN(figure) ? 'nan' : String(figure))).join(',')}\n`;
}

/** One line of JSON lines; what JSON has no number for is null. */
export function jsonLine(columns: readonly string[], figures: readonly Figure[]): string {
  const fields = figures.map((figure, i) => {
    const text = typeof figure === 'number' && !Number.isFinite(figure) ? 'null' : String(figure);
    return `${JSON.stringify(columns[i])}:${text}`;
  });
  return `{${fields.join(',')}}\n`;
}
