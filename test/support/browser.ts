import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { missingCommands } from './installed.js';

/** Why tests in a browser are skipped; false where there is one. */
export const NO_BROWSER = missingCommands(['chromium', '--version']);

/** Debian's Chromium; undefined where it is not installed. The caller closes it. */
export async function openBrowser(): Promise<Browser | undefined> {
  if (NO_BROWSER !== false) return undefined;
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** Notes what a page complains of, as long as it is open. */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    // 404: pieces of an unfinished output that were asked for when it was finished; the page then asks for the file's.
    const isKnown = /status of 40[14]|Image load aborted/.test(message.text());
    if (message.type() === 'error' && !isKnown) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  return complaints;
}

/** Waits for what a script says; the page's own policy forbids scripts that are made of text, so it is asked from outside. */
export async function until(page: Page, script: string): Promise<void> {
  const limit = performance.now() + 30_000;
  while ((await page.evaluate(script)) !== true) assert.ok(performance.now() < limit, `it did not happen: ${script}`);
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** axe finds nothing to complain of; it is run as the developer tools do, which the page's policy does not bind. */
export async function assertAccessible(page: Page): Promise<void> {
  assert.ok(existsSync(AXE));
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const violations = await page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`);
  assert.deepEqual(violations, []);
}
