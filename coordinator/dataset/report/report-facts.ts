import { bytes, count, escapeHtml, whole } from '../../report/text.js';
import type { DatasetReport, DatasetResult } from './report.js';

/** One sentence: what was written, and what was not. */
export function headline({ result }: DatasetReport): string {
  const { frames, characters } = result;
  const size = result.size === null ? 'at their own size' : `at ${result.size.width}×${result.size.height}`;
  const failed = frames.failed === 0 ? '' : ` <strong class="bad">${whole(frames.failed)} not written.</strong>`;
  return `${whole(frames.written)} of ${count(frames.total, 'frame')} of ${count(characters.total, 'character')} written ${size}.${failed}`;
}

/** What every image passed, in order: operations with their parameters, downscale, palette, target. */
export function chainList({ job }: DatasetReport): string {
  const steps = job.operations.map(({ name, params, border }) => {
    const given = Object.entries({ ...params, ...(border && { border }) });
    return [name, given.map(([key, value]) => `${key} ${value}`).join(', ')] as const;
  });
  const { size, target, palette } = job;
  const all: readonly (readonly [string, string])[] = [
    ...steps,
    ...(size === null ? [] : [['downscale', `${size.width}×${size.height}, nearest pixel`] as const]),
    ['palette', palette.method === 'threshold' ? 'threshold' : 'mean shift'],
    ...(target === undefined ? [] : [['target', target] as const]),
  ];
  const items = all.map(([name, detail]) => `<li>${escapeHtml(name)} <small>${escapeHtml(detail)}</small></li>`);
  return `<ol class="chain" aria-label="What every image passed">${items.join('')}</ol>`;
}

/** Options that differ from none, totals and costs, as rows of a definition list. */
export function facts(report: DatasetReport): string {
  const rows = [...options(report), ...totals(report.result), ...passedOver(report)];
  return rows.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`).join('');
}

type Fact = readonly [name: string, value: string];

function options({ job }: DatasetReport): Fact[] {
  const { palette, mapping, operations } = job;
  const { quantile, bandwidth, threshold } = palette;
  const search =
    palette.method === 'threshold'
      ? `threshold ${threshold ?? (palette.space === 'rgb' ? 32 : 0.08)}`
      : `mean shift, ${bandwidth === undefined ? `quantile ${quantile}` : `bandwidth ${bandwidth}`}`;
  const { scale, offset, max } = mapping;
  const map = `${scale} × value${offset === 0 ? '' : ` + ${offset}`}${max === undefined ? '' : `, at most ${max}`}`;
  return [
    ['Search', `${search}, ${palette.space === 'rgb' ? 'RGB' : 'Oklab'}`],
    ...(operations.length === 0 ? [] : [['Map', map] as const]),
    ...(palette.sample === undefined
      ? []
      : [['Sample', `${whole(palette.sample)} pixels, seed ${palette.seed}`] as const]),
    ...(palette.colors === undefined ? [] : [['At most', count(palette.colors, 'colour')] as const]),
    ...(palette.remapSpace === 'rgb' ? [] : [['Nearest colours', 'in Oklab'] as const]),
    ...(palette.dither === 'none' ? [] : [['Dithering', palette.dither] as const]),
    ...(palette.centres === 'round' ? [['Centres', 'rounded'] as const] : []),
    ...(job.onError === 'skip' ? [['On error', 'skip'] as const] : []),
  ];
}

function totals({ seconds, frames, bytes: moved, peakMemoryBytes }: DatasetResult): Fact[] {
  return [
    ['Time', `${seconds.total.toFixed(1)} s`],
    ['Read', bytes(moved.read)],
    ['Written', bytes(moved.written)],
    ['Peak memory', bytes(peakMemoryBytes)],
    ...(frames.reused === 0 ? [] : [['Kept from earlier', count(frames.reused, 'frame')] as const]),
  ];
}

function passedOver({ passedOver: endings }: DatasetReport): Fact[] {
  const kinds = Object.entries(endings).map(([ending, files]) => `${whole(files)} × ${ending || 'no ending'}`);
  return kinds.length === 0 ? [] : [['Files passed over', kinds.join(', ')]];
}
