import { spawnSync } from 'node:child_process';

/** Why a test that needs these commands is skipped; false where all are there. */
export function missingCommands(...commands: (readonly [string, ...string[]])[]): string | false {
  const missing = commands.filter(([command, ...args]) => spawnSync(command, args).status !== 0);
  return missing.length > 0 && `not installed: ${missing.map((command) => command.join(' ')).join(', ')}`;
}

/**
 * What a command prints.
 * @throws where it fails, or says anything on stderr that `harmless` does not match line by line
 */
export function quietly(command: string, args: readonly string[], harmless = /^$/): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  const complaints = stderr.split('\n').filter((line) => line !== '' && !harmless.test(line));
  if (status === 0 && complaints.length === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${complaints.join('\n')}\n${stdout.slice(0, 2000)}`);
}
