import type { Command } from 'commander';
import { badUsage } from '../../tiling/errors.js';
import { didYouMean } from '../../tiling/nearest-word.js';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { COMMANDS } from '../help/command-table.js';
import { commandTree, loadedCommand } from '../help/command-tree.js';
import { TOPICS } from '../help/topics.js';
import { describeOperation } from './operations.js';

/** `halotile help [TOPIC]`: a command, an operation, or a topic. */
export function registerHelp(program: Command): void {
  program
    .helpCommand(false)
    .command('help')
    .argument('[topic]', `a command, an operation, or ${Object.keys(TOPICS).join(', ')}`)
    .action(async (topic?: string) => {
      process.stdout.write(await helpOn(topic));
    });
}

/**
 * What is said of a topic; of all commands where there is none.
 * @throws bad-usage for a word that is none
 */
export async function helpOn(topic: string | undefined): Promise<string> {
  if (topic === undefined) return helpOf(await commandTree([]));
  if (Object.hasOwn(COMMANDS, topic)) return helpOf(await loadedCommand(topic));
  if (Object.hasOwn(OPERATIONS, topic)) return `${describeOperation(topic)}\n`;
  if (Object.hasOwn(TOPICS, topic)) return `${topic}: ${TOPICS[topic]!.summary}\n\n${TOPICS[topic]!.text}\n`;
  const known = [...Object.keys(COMMANDS), ...Object.keys(TOPICS), ...Object.keys(OPERATIONS)];
  throw badUsage({
    what: `there is no help on '${topic}'`,
    expected: `a command, an operation, or ${Object.keys(TOPICS).join(', ')}`,
    remedy: didYouMean(topic, known),
  });
}

/** With what stands after the flags, which commander writes only where it prints. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (more) => {
      text += more;
    },
  });
  command.outputHelp();
  return text;
}
