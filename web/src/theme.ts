const KEY = 'halotile-theme';
const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** What was chosen last; the system's own where nothing was. */
export function chosenTheme(): Theme {
  return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';
}

/** Shows the page in the chosen theme. */
export function applyTheme(): void {
  const theme = chosenTheme();
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** The next theme in the row, which then is shown. */
export function nextTheme(): Theme {
  const next = THEMES[(THEMES.indexOf(chosenTheme()) + 1) % THEMES.length]!;
  localStorage.setItem(KEY, next);
  applyTheme();
  return next;
}
