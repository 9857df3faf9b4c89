import { REPORT_STYLE } from '../report/style.js';
import { bytes, count, escapeHtml, round, whole } from '../report/text.js';
import type { CollectionCard, CollectionReport, Picture, ReportedImage } from './reported-images.js';

/** Rows of the table of all images; report.json has every one. */
const ROWS = 5000;
/** Failures that are listed; report.json has every one. */
const LISTED = 500;

/**
 * The text of `report.html` in parts: one page that needs nothing else, with pictures of some images, what failed and
 * why, and a row for each image. It follows the reader's light or dark mode.
 */
export function* collectionHtml(report: CollectionReport): Generator<string> {
  const { result, failures, cards } = report;
  const { images } = result;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Images: ${images.written} of ${images.total}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<header>
<h1>Images</h1>
<p class="lead">${headline(report)}</p>
${chainList(report)}
<dl class="facts">${facts(report)}</dl>
</header>
<main>
`;
  if (failures.length > 0) yield failureSection(report);
  if (cards.length > 0) {
    yield '<div class="cards">\n';
    for (const card of cards) yield cardSection(card);
    yield '</div>\n';
  }
  yield* table(report);
  yield `</main>
<footer>halotile ${escapeHtml(report.version)}. The same figures are in report.json.</footer>
</body>
</html>
`;
}

function headline({ result: { images } }: CollectionReport): string {
  const failed = images.failed === 0 ? '' : ` <strong class="bad">${whole(images.failed)} not written.</strong>`;
  return `${whole(images.written)} of ${count(images.total, 'image')} written.${failed}`;
}

function chainList({ job }: CollectionReport): string {
  const items = job.operations.map(({ name, params, border }) => {
    const given = Object.entries({ ...params, ...(border && { border }) });
    const detail = given.map(([key, value]) => `${key} ${value}`).join(', ');
    return `<li>${escapeHtml(name)} <small>${escapeHtml(detail)}</small></li>`;
  });
  return `<ol class="chain" aria-label="What every image passed">${items.join('')}</ol>`;
}

function facts({ job, result, passedOver }: CollectionReport): string {
  const { seconds, images, halo, peakMemoryBytes, pixels, tiles } = result;
  const { scale, offset, max } = job.mapping;
  const map = `${scale} × value${offset === 0 ? '' : ` + ${offset}`}${max === undefined ? '' : `, at most ${max}`}`;
  const kinds = Object.entries(passedOver).map(([ending, files]) => `${whole(files)} × ${ending || 'no ending'}`);
  const rows: readonly (readonly [string, string])[] = [
    ['Output', result.output],
    ...(job.map === undefined ? [] : [['Map', map] as const]),
    ['Time', `${seconds.total.toFixed(1)} s`],
    ['Pixels', `${round(pixels / 1e6)} Mpx in ${count(tiles, 'tile')}`],
    ['Read', bytes(result.bytes.read)],
    ['Written', bytes(result.bytes.written)],
    ...(halo.savedShare > 0 ? [['Halo saved', percent(halo.savedShare)] as const] : []),
    ['Peak memory', bytes(peakMemoryBytes)],
    ...(images.reused === 0 ? [] : [['Kept from earlier', count(images.reused, 'image')] as const]),
    ...(kinds.length === 0 ? [] : [['Files passed over', kinds.join(', ')] as const]),
  ];
  return rows.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`).join('');
}

function failureSection({ failures, result }: CollectionReport): string {
  const items = failures.slice(0, LISTED).map(({ message }) => `<li>${escapeHtml(message)}</li>`);
  const more = failures.length - items.length;
  if (more > 0) items.push(`<li>and ${whole(more)} more; report.json names all</li>`);
  return `<section class="failed"><h2>Not written <span>${count(result.images.failed, 'image')}</span></h2>
<ul class="failures">${items.join('')}</ul></section>
`;
}

function cardSection({ image, before, map, after }: CollectionCard): string {
  const pictures = [
    ['before', before, image.image],
    ['map', map, image.map ?? ''],
    ['after', after, image.output],
  ] as const;
  const figures = pictures.map(([what, picture, name]) => (picture === undefined ? '' : figure(what, picture, name)));
  return `<section>
<h2>${escapeHtml(nameOf(image.image))}</h2>
<p class="figures">${figuresOf(image)}</p>
<div class="pictures">${figures.join('')}</div>
</section>
`;
}

function figure(what: string, { link, png }: Picture, name: string): string {
  const picture =
    png === undefined ? '' : `<img src="data:image/png;base64,${png}" alt="${escapeHtml(nameOf(name))} ${what}">`;
  const caption = link === undefined ? what : `<a href="${escapeHtml(link)}">${what}</a>`;
  return `<figure>${picture}<figcaption title="${escapeHtml(name)}">${caption}</figcaption></figure>`;
}

function figuresOf({ width, height, tiles, seconds, mapMax, haloSaved, reused }: ReportedImage): string {
  return [
    `${whole(width)}×${whole(height)}`,
    count(tiles, 'tile'),
    ...(reused ? ['kept from earlier'] : [`${seconds.toFixed(2)} s`]),
    ...(mapMax > 0 ? [`map to ${round(mapMax)}`, `halo ${percent(haloSaved)} saved`] : []),
  ].join(' · ');
}

function* table({ images, result }: CollectionReport): Generator<string> {
  yield `<section><h2>All images</h2>
<div class="wide"><table><thead><tr><th>image</th><th>output</th><th class="number">size</th><th class="number">seconds</th><th class="number">map to</th><th class="number">halo saved</th><th>CRC-32</th></tr></thead><tbody>`;
  let rows = 0;
  for (const { image, output, width, height, seconds, mapMax, haloSaved, crc } of images()) {
    if (rows++ === ROWS) break;
    const cells = [`${width}×${height}`, seconds.toFixed(2), round(mapMax), percent(haloSaved)];
    yield `<tr><td>${escapeHtml(image)}</td><td>${escapeHtml(output)}</td>${cells.map((cell) => `<td class="number">${cell}</td>`).join('')}<td><code>${crc}</code></td></tr>\n`;
  }
  yield '</tbody></table></div>';
  if (result.images.written > ROWS) yield `<p class="note">The first ${whole(ROWS)}; report.json has all.</p>`;
  yield '</section>\n';
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
