import type { Quality } from '../../../tiling/palette/fit.js';
import { hexOf } from '../../../tiling/palette/palette-files.js';
import { count, escapeHtml, round, whole } from '../../report/text.js';
import type { CharacterFailure, CharacterSummary, FrameSample } from './character-summary.js';

/** Failures listed per character. */
const LISTED = 20;

/** A character in full: strips, swatches, what failed. `id` is the place that the index links to. */
export function characterSection(summary: CharacterSummary, id: string): string {
  const { character, palette, target, samples } = summary;
  const notes = notesOf(summary);
  return `<section id="${id}">
<h2>${escapeHtml(character)}</h2>
<p class="figures">${figures(summary)}</p>
${samples.length === 0 ? '' : strips(samples)}
<h3>Palette <span>${count(palette.colors.length, 'colour')}</span></h3>
${swatches(palette.colors, palette.pixels)}
${target === null ? '' : `<h3>Target <span>${count(target.length, 'colour')}</span></h3>${plainSwatches(target)}`}
${notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`).join('\n')}
${failureList(summary)}
</section>`;
}

function figures({ frames, written, palette, quality }: CharacterSummary): string {
  const parts = [
    written === frames ? count(frames, 'frame') : `${whole(written)} of ${count(frames, 'frame')}`,
    `${count(palette.uniqueColors, 'colour')} before`,
    ...(palette.bandwidth === null ? [] : [`bandwidth ${round(palette.bandwidth)}`]),
    `error ${round(palette.error)}`,
    ...(quality === null ? [] : [`PSNR ${decibels(quality)}`, `mean ΔE ${differenceOf(quality)} (CIEDE2000)`]),
  ];
  return parts.join(' · ');
}

/** What has no error has no ratio to it. */
function decibels({ psnr }: Quality): string {
  return psnr === null ? '∞' : `${psnr.toFixed(1)} dB`;
}

function differenceOf({ meanDeltaE }: Quality): string {
  return meanDeltaE.toFixed(2);
}

function notesOf({ palette, sourceSizes }: CharacterSummary): string[] {
  const notes: string[] = [];
  if (sourceSizes.length > 1) notes.push(`The frames have differing sizes: ${sourceSizes.join(', ')}.`);
  if (palette.gridBits < 8) {
    notes.push(
      `Too many colours to tell each apart: they were gathered on a grid of ${palette.gridBits} bits a channel.`,
    );
  }
  return notes;
}

function strips(samples: readonly FrameSample[]): string {
  const row = (which: 'before' | 'after') =>
    samples
      .map(
        (each) =>
          `<img src="data:image/png;base64,${each[which]}" alt="${escapeHtml(each.frame)} ${which}" title="${escapeHtml(each.frame)}">`,
      )
      .join('');
  return `<div class="strips"><div class="label">before</div><div class="strip">${row('before')}</div>
<div class="label">after</div><div class="strip">${row('after')}</div></div>`;
}

function swatches(colours: CharacterSummary['palette']['colors'], pixels: number): string {
  const tiles = colours.map(({ rgb, count: each }) => {
    const share = `${((each / pixels) * 100).toFixed(each / pixels < 0.01 ? 2 : 1)} %`;
    return `<li><i style="background:${hexOf(rgb)}"></i><code>${hexOf(rgb)}</code><small>${share}</small></li>`;
  });
  return `${shares(colours, pixels)}<ul class="swatches">${tiles.join('')}</ul>`;
}

function shares(colours: CharacterSummary['palette']['colors'], pixels: number): string {
  const parts = colours.map(({ rgb, count: each }) => {
    return `<i style="background:${hexOf(rgb)};flex-grow:${Math.max(each / pixels, 1e-4).toFixed(4)}"></i>`;
  });
  return `<div class="shares" aria-hidden="true">${parts.join('')}</div>`;
}

function plainSwatches(colours: readonly CharacterSummary['palette']['colors'][number]['rgb'][]): string {
  const tiles = colours.map((rgb) => `<li><i style="background:${hexOf(rgb)}"></i><code>${hexOf(rgb)}</code></li>`);
  return `<ul class="swatches">${tiles.join('')}</ul>`;
}

/** A character of which nothing was written. */
export function failedSection({ character, frames, message }: CharacterFailure): string {
  return `<section class="failed">
<h2>${escapeHtml(character)}</h2>
<p class="figures">${count(frames, 'frame')}, none written</p>
<p class="note">${escapeHtml(message)}</p>
</section>`;
}

function failureList({ frames, written, failures }: CharacterSummary): string {
  if (failures.length === 0) return '';
  const failed = frames - written;
  const items = failures.slice(0, LISTED).map(({ message }) => `<li>${escapeHtml(message)}</li>`);
  if (failed > LISTED) items.push(`<li>and ${whole(failed - LISTED)} more; report.json names the first thousand</li>`);
  return `<h3>Not written <span>${count(failed, 'frame')}</span></h3><ul class="failures">${items.join('')}</ul>`;
}

/** The beginning of the table of characters that are not shown in full. */
export function restHead(characters: number): string {
  return `<section><h2>${count(characters, 'further character')}</h2>
<div class="wide"><table><thead><tr><th>character</th><th>frames</th><th>colours</th><th>error</th><th>PSNR</th><th>mean ΔE</th></tr></thead><tbody>`;
}

/** A row of it. */
export function restRow({ character, written, palette, quality }: CharacterSummary): string {
  const figured = quality === null ? ['', ''] : [decibels(quality), differenceOf(quality)];
  return `<tr><td>${escapeHtml(character)}</td><td>${whole(written)}</td><td>${palette.colors.length}</td><td>${round(palette.error)}</td>${figured.map((text) => `<td>${text}</td>`).join('')}</tr>`;
}

/** A link to a character's section, over its colours by their share. */
export function indexEntry({ character, palette }: CharacterSummary, id: string): string {
  return `<li><a href="#${id}">${escapeHtml(character)}</a>${shares(palette.colors, palette.pixels)}</li>`;
}
