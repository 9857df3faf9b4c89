import type { Command, Option } from 'commander';
import { badUsage } from '../../tiling/errors.js';
import { CONFIG_VARIABLE, type ConfigFile, readConfigFile } from '../config/config-file.js';
import { applyGivenValues, configuredOptions, keyOf, variableOf } from '../config/given-values.js';
import { COMMANDS } from '../help/command-table.js';
import { loadedCommand } from '../help/command-tree.js';

interface FlagValue {
  readonly flag: string;
  readonly value: unknown;
  /** `command line`, the variable, file and key, or `default`. */
  readonly from: string;
}

/** Variables of other meaning than a flag's. */
const OTHER_VARIABLES = new Set([
  ...[CONFIG_VARIABLE, 'HALOTILE_TOKEN', 'HALOTILE_REDIS_PASSWORD', 'HALOTILE_DEBUG'],
  ...['HALOTILE_S3_ENDPOINT', 'HALOTILE_S3_PATH_STYLE', 'HALOTILE_STAGING'],
]);

/** `halotile config [COMMAND [FLAG…]]`: what counts, and where from. */
export function registerConfig(program: Command): void {
  // What follows the command's name is that command's.
  program
    .enablePositionalOptions()
    .command('config')
    .argument('[command]', 'all commands that anything is set for, where absent')
    .argument('[flags...]', 'flags as the command would have them')
    .option('--json', 'print one JSON object')
    .passThroughOptions()
    .action(printConfig);
}

async function printConfig(
  name: string | undefined,
  words: readonly string[],
  { json }: { readonly json?: boolean },
): Promise<void> {
  if (name !== undefined && !Object.hasOwn(COMMANDS, name)) {
    throw badUsage({ what: `there is no command '${name}'`, expected: Object.keys(COMMANDS).join(', ') });
  }
  const file = await readConfigFile(process.env);
  const known = { keys: new Set(Object.keys(COMMANDS)), variables: new Set(OTHER_VARIABLES) };
  const commands: Record<string, FlagValue[]> = {};
  for (const each of Object.keys(COMMANDS)) {
    const command = await loadedCommand(each);
    for (const option of [command, ...command.commands].flatMap(configuredOptions)) {
      known.keys.add(keyOf(option));
      known.variables.add(variableOf(option));
    }
    if (name === undefined || name === each) commands[each] = valuesOf(command, file, words);
  }
  const unused = [
    ...Object.keys(process.env).filter((variable) => /^HALOTILE_/.test(variable) && !known.variables.has(variable)),
    ...Object.keys(file?.values ?? {})
      .filter((key) => !known.keys.has(key))
      .map((key) => `${file!.path}: ${key}`),
  ];
  if (json) process.stdout.write(`${JSON.stringify({ file: file?.path, commands, unused })}\n`);
  else process.stdout.write(asText({ file, commands, unused, all: name !== undefined }));
}

function valuesOf(command: Command, file: ConfigFile | undefined, words: readonly string[]): FlagValue[] {
  const where = applyGivenValues(command, { environment: process.env, file });
  command.parseOptions([...words]);
  return [command, ...command.commands].flatMap((each) =>
    configuredOptions(each).map((option) => {
      const key = option.attributeName();
      const isFlag = each.getOptionValueSource(key) === 'cli';
      const from = isFlag ? 'command line' : (where.get(key) ?? 'default');
      return { flag: flagOf(option), value: shown(each.getOptionValue(key)), from };
    }),
  );
}

function flagOf(option: Option): string {
  return `--${keyOf(option)}`;
}

/** Passwords in addresses stay where they are. */
function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown);
  return typeof value === 'string' ? value.replace(/(:\/\/[^/@\s]*:)[^/@\s]+@/, '$1***@') : value;
}

function asText({
  file,
  commands,
  unused,
  all,
}: {
  readonly file: ConfigFile | undefined;
  readonly commands: Readonly<Record<string, readonly FlagValue[]>>;
  readonly unused: readonly string[];
  readonly all: boolean;
}): string {
  const lines = [`configuration file: ${file?.path ?? 'none'}`];
  for (const [name, values] of Object.entries(commands)) {
    const said = all ? values : values.filter(({ from }) => from !== 'default');
    if (said.length === 0) continue;
    const rows = said.map(({ flag, value, from }) => [flag, textOf(value), from] as const);
    const widths = [0, 1].map((column) => Math.min(40, Math.max(...rows.map((row) => row[column]!.length))));
    lines.push(
      name,
      ...rows.map(([flag, value, from]) => `  ${flag.padEnd(widths[0]!)}  ${value.padEnd(widths[1]!)}  ${from}`),
    );
  }
  lines.push(...unused.map((each) => `no flag is named so: ${each}`));
  return `${lines.join('\n')}\n`;
}

function textOf(value: unknown): string {
  if (value === undefined) return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
