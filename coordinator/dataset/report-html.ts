import { hexOf } from '../../tiling/palette/palette-files.js';
import type { CharacterFailure, CharacterSummary, FrameSample } from './character-summary.js';
import type { DatasetReport } from './report.js';

/** Characters that the page shows in full; the others are named in a table only. */
const SHOWN = 200;
/** Failures listed per character. */
const LISTED = 20;

/**
 * The text of `report.html`: one page that needs nothing else, with strips of frames before and after and
 * swatches per character. It says everything in its markup too, and follows the reader's light or dark mode.
 */
export function* reportHtml(report: DatasetReport): Generator<string> {
  const { result } = report;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Palettes: ${result.characters.done} of ${result.characters.total} characters</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Palettes</h1>
<p class="lead">${headline(report)}</p>
<dl class="facts">${facts(report)}</dl>
</header>
<main>
`;
  for (const failure of report.failed()) yield failedSection(failure);
  let shown = 0;
  for (const summary of report.characters()) {
    if (shown === SHOWN) yield restHead(result.characters.done - SHOWN);
    yield shown++ < SHOWN ? characterSection(summary) : restRow(summary);
  }
  if (shown > SHOWN) yield '</tbody></table></section>';
  yield `</main>
<footer>halotile ${escapeHtml(report.version)}. The same figures are in report.json; each character's colours are in its palette.json, palette.gpl and palette.png.</footer>
</body>
</html>
`;
}

function headline({ result }: DatasetReport): string {
  const { frames, characters } = result;
  const size = result.size === null ? 'at their own size' : `at ${result.size.width}×${result.size.height}`;
  const failed = frames.failed === 0 ? '' : ` <strong class="bad">${whole(frames.failed)} not written.</strong>`;
  return `${whole(frames.written)} of ${count(frames.total, 'frame')} of ${count(characters.total, 'character')} written ${size}.${failed}`;
}

function facts({ job, result }: DatasetReport): string {
  const { palette } = job;
  const search =
    palette.method === 'threshold'
      ? 'threshold'
      : `mean shift, ${palette.bandwidth === undefined ? `quantile ${palette.quantile}` : `bandwidth ${palette.bandwidth}`}`;
  const rows: readonly (readonly [string, string])[] = [
    ['Search', `${search}, ${palette.space === 'rgb' ? 'RGB' : 'Oklab'}`],
    ...(palette.sample === undefined
      ? []
      : [['Sample', `${whole(palette.sample)} pixels, seed ${palette.seed}`] as const]),
    ...(palette.colors === undefined ? [] : [['At most', count(palette.colors, 'colour')] as const]),
    ...(job.target === undefined ? [] : [['Target', job.target] as const]),
    ['Time', `${result.seconds.total.toFixed(1)} s`],
    ...(result.frames.reused === 0 ? [] : [['Kept from earlier', count(result.frames.reused, 'frame')] as const]),
  ];
  return rows.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`).join('');
}

function characterSection(summary: CharacterSummary): string {
  const { character, palette, target, samples, failures } = summary;
  const notes = notesOf(summary);
  return `<section>
<h2>${escapeHtml(character)}</h2>
<p class="figures">${figures(summary)}</p>
${samples.length === 0 ? '' : strips(samples)}
<h3>Palette <span>${count(palette.colors.length, 'colour')}</span></h3>
${swatches(palette.colors, palette.pixels)}
${target === null ? '' : `<h3>Target <span>${count(target.length, 'colour')}</span></h3>${plainSwatches(target)}`}
${notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`).join('\n')}
${failureList(failures)}
</section>`;
}

function figures({ frames, written, palette }: CharacterSummary): string {
  const parts = [
    written === frames ? count(frames, 'frame') : `${whole(written)} of ${count(frames, 'frame')}`,
    `${count(palette.uniqueColors, 'colour')} before`,
    ...(palette.bandwidth === null ? [] : [`bandwidth ${round(palette.bandwidth)}`]),
    `error ${round(palette.error)}`,
  ];
  return parts.join(' · ');
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
  const bar = colours
    .map(
      ({ rgb, count: each }) =>
        `<i style="background:${hexOf(rgb)};flex-grow:${Math.max(each / pixels, 1e-4).toFixed(4)}"></i>`,
    )
    .join('');
  const tiles = colours.map(({ rgb, count: each }) => {
    const share = `${((each / pixels) * 100).toFixed(each / pixels < 0.01 ? 2 : 1)} %`;
    return `<li><i style="background:${hexOf(rgb)}"></i><code>${hexOf(rgb)}</code><small>${share}</small></li>`;
  });
  return `<div class="shares" aria-hidden="true">${bar}</div><ul class="swatches">${tiles.join('')}</ul>`;
}

function plainSwatches(colours: readonly CharacterSummary['palette']['colors'][number]['rgb'][]): string {
  const tiles = colours.map((rgb) => `<li><i style="background:${hexOf(rgb)}"></i><code>${hexOf(rgb)}</code></li>`);
  return `<ul class="swatches">${tiles.join('')}</ul>`;
}

function failedSection({ character, frames, message }: CharacterFailure): string {
  return `<section class="failed">
<h2>${escapeHtml(character)}</h2>
<p class="figures">${count(frames, 'frame')}, none written</p>
<p class="note">${escapeHtml(message)}</p>
</section>`;
}

function failureList(failures: CharacterSummary['failures']): string {
  if (failures.length === 0) return '';
  const items = failures.slice(0, LISTED).map(({ message }) => `<li>${escapeHtml(message)}</li>`);
  if (failures.length > LISTED) items.push(`<li>and ${whole(failures.length - LISTED)} more, in report.json</li>`);
  return `<h3>Not written <span>${count(failures.length, 'frame')}</span></h3><ul class="failures">${items.join('')}</ul>`;
}

function restHead(characters: number): string {
  return `<section><h2>${count(characters, 'further character')}</h2>
<table><thead><tr><th>character</th><th>frames</th><th>colours</th><th>error</th></tr></thead><tbody>`;
}

function restRow({ character, written, palette }: CharacterSummary): string {
  return `<tr><td>${escapeHtml(character)}</td><td>${whole(written)}</td><td>${palette.colors.length}</td><td>${round(palette.error)}</td></tr>`;
}

function count(value: number, noun: string): string {
  return `${whole(value)} ${noun}${value === 1 ? '' : 's'}`;
}

function whole(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, '\u2009');
}

function round(value: number): string {
  return value >= 1 || value === 0 ? String(Math.round(value * 10) / 10) : value.toPrecision(2);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --paper: #fbfaf8; --card: #fff; --ink: #22201d; --faint: #77716a; --line: #e6e2dc; --bad: #b3261e;
  --check: repeating-conic-gradient(#eceae6 0 25%, #f8f7f5 0 50%) 0 0 / 16px 16px; }
@media (prefers-color-scheme: dark) { :root { --paper: #191817; --card: #232120; --ink: #ece9e4; --faint: #9d968d; --line: #383532;
  --bad: #ff8a80; --check: repeating-conic-gradient(#2c2a28 0 25%, #353230 0 50%) 0 0 / 16px 16px; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -0.02em; }
h2 { margin: 0; font-size: 1.25rem; overflow-wrap: anywhere; }
h3 { margin: 1.4rem 0 .5rem; font-size: .85rem; text-transform: uppercase; letter-spacing: .06em; }
h3 span { color: var(--faint); font-weight: 400; text-transform: none; letter-spacing: 0; margin-left: .4rem; }
.lead { margin: .3rem 0 1.2rem; font-size: 1.1rem; }
.bad { color: var(--bad); }
.facts { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin: 0 0 1.6rem; }
.facts dt { color: var(--faint); font-size: .8rem; } .facts dd { margin: 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.3rem 1.5rem 1.5rem; margin: 0 0 1.2rem; }
section.failed { border-left: 4px solid var(--bad); }
.figures { margin: .1rem 0 1rem; color: var(--faint); }
.strips { display: grid; grid-template-columns: auto 1fr; gap: .5rem .9rem; align-items: center; }
.label { color: var(--faint); font-size: .8rem; }
.strip { display: flex; gap: 6px; overflow-x: auto; padding: 8px; border-radius: 6px; background: var(--check); }
.strip img { image-rendering: pixelated; height: 132px; width: auto; flex: none; }
.shares { display: flex; height: 10px; border-radius: 5px; overflow: hidden; margin: 0 0 .8rem; }
.shares i { flex-basis: 0; }
.swatches { display: flex; flex-wrap: wrap; gap: .6rem; margin: 0; padding: 0; list-style: none; }
.swatches li { width: 4.9rem; font-size: .78rem; }
.swatches i { display: block; height: 2.6rem; border-radius: 6px; box-shadow: inset 0 0 0 1px rgb(128 128 128 / .25); margin-bottom: .25rem; }
.swatches code { display: block; font: .78rem ui-monospace, "DejaVu Sans Mono", monospace; }
.swatches small { color: var(--faint); font-size: .75rem; }
.note { margin: 1rem 0 0; color: var(--faint); }
.failures { margin: 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin-top: .8rem; } th, td { text-align: left; padding: .2rem 1.6rem .2rem 0; border-bottom: 1px solid var(--line); }
footer { color: var(--faint); font-size: .85rem; }
`;
