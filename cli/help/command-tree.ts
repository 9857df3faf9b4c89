import { Command } from 'commander';
import { COMMAND_HELP } from './command-help.js';
import { COMMANDS } from './command-table.js';
import { TOPICS } from './topics.js';

/**
 * The program as its help shows it: commands grouped, with examples and where the manual says more.
 * @param loaded commands that can run, with their arguments and flags; the others are there by name and summary only,
 * since loading all takes longer than any of them
 */
export async function commandTree(loaded: readonly string[] = Object.keys(COMMANDS)): Promise<Command> {
  const program = new Command('halotile')
    .description('Filters images too large for one pass: tiles with halos, exact kernels, one machine or many.')
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .showHelpAfterError('(halotile --help lists the commands)')
    .helpCommand(false)
    .exitOverride();
  const registers = new Map(await Promise.all(loaded.map(async (name) => [name, await COMMANDS[name]!()] as const)));
  for (const name of Object.keys(COMMANDS)) {
    const register = registers.get(name);
    if (register === undefined) program.command(name);
    else register(program);
  }
  for (const command of program.commands) addHelp(command);
  return program.addHelpText('after', topicLines());
}

/** One command by itself. */
export async function loadedCommand(name: string): Promise<Command> {
  return (await commandTree([name])).commands.find((command) => command.name() === name)!;
}

function addHelp(command: Command): void {
  const { summary, group, examples, manual } = COMMAND_HELP[command.name()]!;
  command.description(summary).helpGroup(group);
  command.addHelpText('after', `\n${exampleLines(examples)}\nMore: ${manual}`);
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
