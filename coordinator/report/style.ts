/** The style sheet of `report.html`: light and dark by the reader's system, one column on narrow screens. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --paper: #fbfaf8; --card: #fff; --ink: #22201d; --faint: #6f6962; --line: #e6e2dc; --bad: #b3261e;
  --link: #2456a6; --check: repeating-conic-gradient(#eceae6 0 25%, #f8f7f5 0 50%) 0 0 / 16px 16px; }
@media (prefers-color-scheme: dark) { :root { --paper: #191817; --card: #232120; --ink: #ece9e4; --faint: #a59e95; --line: #383532;
  --bad: #ff8a80; --link: #9cc1ff; --check: repeating-conic-gradient(#2c2a28 0 25%, #353230 0 50%) 0 0 / 16px 16px; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -0.02em; }
h2 { margin: 0; font-size: 1.25rem; overflow-wrap: anywhere; }
h3 { margin: 1.4rem 0 .5rem; font-size: .85rem; text-transform: uppercase; letter-spacing: .06em; }
h3 span { color: var(--faint); font-weight: 400; text-transform: none; letter-spacing: 0; margin-left: .4rem; }
.lead { margin: .3rem 0 1.2rem; font-size: 1.1rem; }
.bad { color: var(--bad); }
.facts { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin: 0 0 1.6rem; }
.facts div { max-width: 100%; }
.facts dt { color: var(--faint); font-size: .8rem; } .facts dd { margin: 0; overflow-wrap: anywhere; }
.chain { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; margin: 0 0 1.6rem; padding: 0; list-style: none; }
.chain li { padding: .25rem .7rem; border: 1px solid var(--line); border-radius: 999px; background: var(--card); font-size: .88rem; }
.chain li + li { margin-left: 1.1rem; position: relative; }
.chain li + li::before { content: "\\2192"; position: absolute; left: -1.3rem; color: var(--faint); }
.chain small { color: var(--faint); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.3rem 1.5rem 1.5rem; margin: 0 0 1.2rem;
  content-visibility: auto; contain-intrinsic-size: auto 620px; scroll-margin-top: 1rem; }
section.failed { border-left: 4px solid var(--bad); contain-intrinsic-size: auto 130px; }
.index { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .5rem 1.4rem; margin: 0 0 1.8rem; padding: 0; list-style: none; }
.index a { display: block; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; font-size: .9rem; }
.index .shares { height: 7px; margin: .1rem 0 0; }
.figures { margin: .1rem 0 1rem; color: var(--faint); }
.strips { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .5rem .9rem; align-items: center; }
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
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin-top: .8rem; } th, td { text-align: left; padding: .2rem 1.6rem .2rem 0; border-bottom: 1px solid var(--line); }
footer { color: var(--faint); font-size: .85rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); gap: 1.2rem; margin: 0 0 1.2rem; }
.cards section { margin: 0; contain-intrinsic-size: auto 260px; }
.pictures { display: flex; gap: 10px; margin-top: .8rem; }
.pictures figure { margin: 0; flex: 1 1 0; min-width: 0; } .pictures figcaption { color: var(--faint); font-size: .8rem; }
.pictures img { width: 100%; height: auto; border-radius: 6px; background: var(--check); display: block; }
td.number, th.number { text-align: right; }
@media (max-width: 40rem) {
  .cards { grid-template-columns: minmax(0, 1fr); }
  body { padding: 1.3rem .8rem; } section { padding: 1rem; }
  .strips { grid-template-columns: minmax(0, 1fr); } .strip img { height: 100px; } .swatches li { width: 4.3rem; }
}
@media print { section { break-inside: avoid; content-visibility: visible; } .strip { overflow: hidden; } }
`;
