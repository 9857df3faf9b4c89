import type { Command, Option } from 'commander';
import { COMMAND_HELP } from './command-help.js';
import { commandTree } from './command-tree.js';
import { TOPICS } from './topics.js';

/** The page of all commands for docs/, in Markdown: what their help says, and no more. */
export async function cliPage(): Promise<string> {
  const program = await commandTree();
  const groups = new Map<string, Command[]>();
  for (const command of program.commands) {
    const group = command.helpGroup();
    groups.set(group, [...(groups.get(group) ?? []), command]);
  }
  const contents = [...groups].map(
    ([group, commands]) =>
      `- ${group.replace(/:$/, '')}: ${commands.map((command) => `[${command.name()}](#${anchorOf(command)})`).join(', ')}`,
  );
  return `${[
    '# The command',
    '<!-- Made by `npm run update:cli` from the commands themselves; a check holds it. -->',
    program.description(),
    'Every flag can be an environment variable or stand in `halotile.yaml`, see [Running halotile](operations-guide.md#flags-environment-file). `halotile help TOPIC` says the same as this page in a terminal.',
    contents.join('\n'),
    ...program.commands.flatMap((command) => sectionOf(command, [])),
    '## Topics',
    ...Object.entries(TOPICS).flatMap(([name, { summary, text }]) => [
      `### ${name}`,
      `${sentence(summary)}`,
      ['```text', text, '```'].join('\n'),
    ]),
  ].join('\n\n')}\n`;
}

function sectionOf(command: Command, above: readonly string[]): string[] {
  const names = [...above, command.name()];
  const help = above.length === 0 ? COMMAND_HELP[command.name()] : undefined;
  const examples = help?.examples.map(([line, does]) => `halotile ${line}\n    # ${does}`) ?? [];
  const args = command.registeredArguments;
  return [
    `${'#'.repeat(names.length + 1)} ${names.join(' ')}`,
    sentence(command.description()),
    ['```text', `halotile ${names.join(' ')} ${command.usage()}`.trimEnd(), '```'].join('\n'),
    ...(args.length === 0
      ? []
      : [
          table(
            ['argument', 'meaning'],
            args.map((each) => [each.name(), command.createHelp().argumentDescription(each)]),
          ),
        ]),
    ...optionTables(command),
    ...(examples.length === 0 ? [] : [['```sh', ...examples, '```'].join('\n')]),
    ...(help === undefined ? [] : [`More: [${help.manual}](${linkTo(help.manual)})`]),
    ...command.commands.flatMap((each) => sectionOf(each, names)),
  ];
}

/** One table for each group of flags. */
function optionTables(command: Command): string[] {
  const groups = new Map<string, Option[]>();
  for (const option of command.options.filter(({ hidden }) => !hidden)) {
    const group = option.helpGroupHeading ?? 'Options:';
    groups.set(group, [...(groups.get(group) ?? []), option]);
  }
  const help = command.createHelp();
  return [...groups].map(([group, options]) =>
    table(
      [group.replace(/:$/, '').toLowerCase(), 'meaning'],
      options.map((option) => [`\`${option.flags}\``, help.optionDescription(option)]),
    ),
  );
}

/** With columns of even width, as the formatter of this repository has them. */
function table(head: readonly [string, string], rows: readonly (readonly [string, string])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

function anchorOf(command: Command): string {
  return command.name();
}

/** From docs/. */
function linkTo(path: string): string {
  return path.startsWith('docs/') ? path.slice('docs/'.length) : `../${path}`;
}
