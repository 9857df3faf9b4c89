import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { helpOn } from '../../cli/commands/help.js';
import { COMMAND_HELP } from '../../cli/help/command-help.js';
import { COMMANDS } from '../../cli/help/command-table.js';
import { commandTree } from '../../cli/help/command-tree.js';
import { completionScript, type Shell } from '../../cli/help/completion.js';
import { TOPICS } from '../../cli/help/topics.js';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { missingCommands } from '../support/installed.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const folder = scratchFolder();

test('every command stands in a group of the help, with examples and a page of the manual that is there', () => {
  assert.deepEqual(Object.keys(COMMAND_HELP).sort(), Object.keys(COMMANDS).sort());
  for (const [name, { examples, manual }] of Object.entries(COMMAND_HELP)) {
    assert.ok(examples.length > 0, name);
    assert.ok(existsSync(join(ROOT, manual)), `${name}: ${manual}`);
  }
});

test('every example is one that the command takes', async () => {
  for (const { examples } of Object.values(COMMAND_HELP)) {
    for (const [line] of examples) {
      const program = await commandTree();
      let called = 0;
      for (const command of withThoseBelow(program)) command.exitOverride().action(() => void called++);
      await program.parseAsync(wordsOf(line), { from: 'user' });
      assert.equal(called, 1, line);
    }
  }
});

function withThoseBelow(command: Command): Command[] {
  return command.commands.flatMap((each) => (each.commands.length === 0 ? [each] : withThoseBelow(each)));
}

/** As a shell parts them. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
}

test('help knows commands, operations and topics, and what a mistyped one means', async () => {
  assert.match(await helpOn(undefined), /Filtering images:[\s\S]*Services:[\s\S]*Topics of halotile help TOPIC:/);
  assert.match(await helpOn('blur'), /How map values count:[\s\S]*Examples:[\s\S]*More: docs\/operations\.md/);
  assert.match(await helpOn('median'), /^median: /);
  for (const [name, { summary }] of Object.entries(TOPICS)) {
    assert.ok((await helpOn(name)).startsWith(`${name}: ${summary}\n`));
  }
  await assert.rejects(helpOn('exit-code'), /no help on 'exit-code'; .*did you mean 'exit-codes'\?/);
  const { code, stdout } = await halotile('help', 'resume');
  assert.equal(code, 0);
  assert.match(stdout, /OUT\.partial/);
});

const words = { operations: Object.keys(OPERATIONS), topics: Object.keys(TOPICS) };

async function scriptFor(shell: Shell): Promise<string> {
  const path = join(folder, `completion.${shell}`);
  writeFileSync(path, completionScript(shell, await commandTree(), words));
  return path;
}

function said(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: folder });
  assert.deepEqual([status, stderr], [0, ''], command);
  return stdout;
}

test('bash completes commands, flags, their values and operations', {
  skip: missingCommands(['bash', '--version']),
}, async () => {
  const path = await scriptFor('bash');
  const complete = (...line: string[]) => {
    const typed = ['halotile', ...line].map((word) => `'${word}'`).join(' ');
    const script = `source '${path}'; COMP_WORDS=(${typed}); COMP_CWORD=${line.length}; _halotile; echo "\${COMPREPLY[*]}"`;
    return said('bash', ['-c', script]).trim();
  };
  assert.equal(complete('pr'), 'process preview');
  assert.equal(complete('process', '--thr'), '--threads');
  assert.equal(complete('process', '--alpha', ''), 'weighted channel');
  assert.equal(complete('process', 'in.tif', '--op', 'ga'), 'gaussian gamma');
  assert.equal(complete('schedule', 'a'), 'add');
  assert.equal(complete('schedule', 'add', '--cr'), '--cron');
  assert.equal(complete('help', 'exit'), 'exit-codes');
  assert.equal(complete('inspect', 'sc'), '');
});

test('zsh takes the script', { skip: missingCommands(['zsh', '--version']) }, async () => {
  const path = await scriptFor('zsh');
  const script = `autoload -U compinit; compinit -u -d '${folder}/dump'; source '${path}'; print -- $_comps[halotile]`;
  assert.equal(said('zsh', ['-f', '-c', script]), '_halotile\n');
});

test('fish completes as bash does', { skip: missingCommands(['fish', '--version']) }, async () => {
  const path = await scriptFor('fish');
  const complete = (line: string) =>
    said('fish', ['--no-config', '-c', `source '${path}'; complete -C '${line}'`])
      .trim()
      .split('\n')
      .map((each) => each.split('\t')[0])
      .sort();
  assert.deepEqual(complete('halotile pr'), ['preview', 'process']);
  assert.deepEqual(complete('halotile process --alpha '), ['channel', 'weighted']);
  assert.deepEqual(complete('halotile schedule add --cr'), ['--cron']);
});

test('the page of commands is the one that the build would make', () => {
  const made = spawnSync(process.execPath, [join(ROOT, 'scripts/cli-page.js')], { encoding: 'utf8' });
  assert.equal(made.stdout, readFileSync(join(ROOT, 'docs/cli.md'), 'utf8'));
});
