import { Argument, type Command } from 'commander';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { commandTree } from '../help/command-tree.js';
import { completionScript, SHELLS, type Shell } from '../help/completion.js';
import { TOPICS } from '../help/topics.js';

/** `halotile completion SHELL`: a script by which the shell completes commands, flags and values. */
export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .action(async (shell: Shell) => {
      const words = { operations: Object.keys(OPERATIONS), topics: Object.keys(TOPICS) };
      process.stdout.write(completionScript(shell, await commandTree(), words));
    });
}
