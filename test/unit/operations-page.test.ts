import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OPERATIONS } from '../../tiling/operations/index.js';

const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');

function sectionOf(name: string): string | undefined {
  return page.split(/^## /m).find((section) => section.startsWith(`${name}\n`));
}

for (const descriptor of Object.values(OPERATIONS)) {
  test(`the page explains ${descriptor.name} and each of its parameters`, () => {
    const section = sectionOf(descriptor.name);
    assert.ok(section, `docs/operations.md has no section ${descriptor.name}`);
    for (const parameter of Object.keys(descriptor.params.shape)) {
      assert.ok(section.includes(`\`${parameter}\``), `${descriptor.name}: ${parameter} is not explained`);
    }
  });
}

for (const { name } of Object.values(OPERATIONS)) {
  test(`the page says what ${name} computes, how far it reads, how exact it is and what invalid samples do to it`, () => {
    const section = sectionOf(name)!;
    assert.match(section, /\bhalo\b/i);
    assert.match(section, /exact|within/i);
    if (!/no halo/i.test(section)) assert.match(section, /border `/i);
    const [, table = ''] = page.match(/^(\| operation[\s\S]*?)\n\n/m) ?? [];
    assert.ok(table.includes(`\`${name}\``), `${name} has no row in the table of invalid samples and alpha`);
  });
}

test('the page has no section without an operation', () => {
  const names = [...page.matchAll(/^## (.+)$/gm)].map((match) => match[1]!);
  assert.deepEqual(
    names.filter((name) => OPERATIONS[name] === undefined),
    [],
  );
});
