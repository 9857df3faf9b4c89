import { Command } from 'commander';
import { COMMAND_HELP } from './command-help.js';
import { COMMANDS } from './command-table.js';
import { TOPICS } from './topics.js';

/**
 * The program with some of its commands, or all, as the help shows them: grouped, with examples and where the manual says
 * more.
 */
export async function commandTree(names: readonly string[] = Object.keys(COMMANDS)): Promise<Command> {
  const program = new Command('halotile')
    .description('Filters images too large for one pass: tiles with halos, exact kernels, one machine or many.')
    .showHelpAfterError('(halotile --help lists the commands)')
    .helpCommand(false)
    .exitOverride();
  for (const register of await Promise.all(names.map((name) => COMMANDS[name]!()))) register(program);
  for (const command of program.commands) addHelp(command);
  return program.addHelpText('after', topicLines());
}

/** One command by itself. */
export async function loadedCommand(name: string): Promise<Command> {
  return (await commandTree([name])).commands.find((command) => command.name() === name)!;
}

function addHelp(command: Command): void {
  const help = COMMAND_HELP[command.name()];
  if (help === undefined) return;
  command.helpGroup(help.group);
  command.addHelpText('after', `\n${exampleLines(help.examples)}\nMore: ${help.manual}`);
}

function topicLines(): string {
  const width = Math.max(...Object.keys(TOPICS).map((name) => name.length));
  const rows = Object.entries(TOPICS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return ['', 'Topics of halotile help TOPIC:', ...rows].join('\n');
}

function exampleLines(examples: readonly (readonly [string, string])[]): string {
  const lines = examples.flatMap(([line, does]) => [`  halotile ${line}`, `      ${does}`]);
  return `${['Examples:', ...lines].join('\n')}\n`;
}
