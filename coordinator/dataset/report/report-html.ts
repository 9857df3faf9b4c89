import { REPORT_STYLE } from '../../report/style.js';
import { escapeHtml } from '../../report/text.js';
import type { CharacterSummary } from './character-summary.js';
import type { DatasetReport } from './report.js';
import { chainList, facts, headline } from './report-facts.js';
import { characterSection, failedSection, indexEntry, restHead, restRow } from './report-sections.js';

/** Characters that the page shows in full; the others are named in a table only. */
const SHOWN = 200;
/** Fewer are found by scrolling. */
const INDEXED = 4;

/**
 * The text of `report.html` in parts: one page that needs nothing else, with strips of frames before and after and
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
<style>${REPORT_STYLE}</style>
</head>
<body>
<header>
<h1>Palettes</h1>
<p class="lead">${headline(report)}</p>
${chainList(report)}
<dl class="facts">${facts(report)}</dl>
`;
  if (result.characters.done >= INDEXED) {
    yield '<nav aria-label="Characters"><ul class="index">';
    for (const [place, summary] of shown(report)) yield indexEntry(summary, `c${place}`);
    yield '</ul></nav>\n';
  }
  yield '</header>\n<main>\n';
  for (const failure of report.failed()) yield `${failedSection(failure)}\n`;
  for (const [place, summary] of shown(report)) yield `${characterSection(summary, `c${place}`)}\n`;
  yield* rest(report);
  yield `</main>
<footer>halotile ${escapeHtml(report.version)}. The same figures are in report.json; each character's colours are in its palette.json, palette.gpl and palette.png.</footer>
</body>
</html>
`;
}

function* shown(report: DatasetReport): Generator<readonly [place: number, summary: CharacterSummary]> {
  let place = 0;
  for (const summary of report.characters()) {
    if (place === SHOWN) return;
    yield [place++, summary];
  }
}

function* rest({ result, characters }: DatasetReport): Generator<string> {
  if (result.characters.done <= SHOWN) return;
  yield restHead(result.characters.done - SHOWN);
  let place = 0;
  for (const summary of characters()) if (place++ >= SHOWN) yield restRow(summary);
  yield '</tbody></table></div></section>\n';
}
