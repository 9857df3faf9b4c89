import { type Command, InvalidArgumentError, type Option } from 'commander';
import { badUsage } from '../../tiling/errors.js';
import { collect } from './collect.js';
import { type ConfigFile, isMapping } from './config-file.js';

/** Where flags' values come from beside the command line. */
export interface GivenSources {
  readonly environment: NodeJS.ProcessEnv;
  readonly file: ConfigFile | undefined;
}

/** What environment or file say of one flag. */
interface GivenValue {
  /** As the flag would have them, one for each time that it is given; `true` or `false` where it takes no text. */
  readonly texts: readonly string[];
  readonly source: 'env' | 'config';
  /** Where it stands, for people. */
  readonly where: string;
}

type Section = { readonly name: string; readonly values: Readonly<Record<string, unknown>> };

/** Is repeated for a chain, and has commas between an operation's parameters. */
const OPERATION_FLAG = '--op';
/** Flags that ask about the command itself. */
const NOT_CONFIGURED = new Set(['--help', '--version']);
const TRUTHS = new Map([
  ...['true', '1', 'yes', 'on'].map((text) => [text, true] as const),
  ...['false', '0', 'no', 'off', ''].map((text) => [text, false] as const),
]);

/** The environment variable of a flag: `HALOTILE_` and its name, dashes as underscores; `--no-x` has that of `--x`. */
export function variableOf(option: Option): string {
  return `HALOTILE_${keyOf(option).replaceAll('-', '_').toUpperCase()}`;
}

/** A flag's name in the configuration file: without dashes before it, and without `no-`. */
export function keyOf(option: Option): string {
  return option.name().replace(option.negate ? /^no-/ : /^/, '');
}

const onlyFlags = new WeakSet<Option>();

/** A flag that stands on the command line or nowhere: it is about one call, or its variable would be another flag's. */
export function onlyAsFlag(option: Option): Option {
  onlyFlags.add(option);
  return option;
}

/** The flags of a command that environment and file can give. */
export function configuredOptions(command: Command): readonly Option[] {
  return command.options.filter(
    (option) => option.long !== undefined && !NOT_CONFIGURED.has(option.long) && !onlyFlags.has(option),
  );
}

/** Whether a flag may be given several times, each adding a value. */
function isRepeated(option: Option): boolean {
  return isList(option) || option.long === OPERATION_FLAG;
}

/** Whether its values stand between commas in a variable. */
function isList({ parseArg }: Option): boolean {
  return parseArg === (collect as unknown);
}

/**
 * Gives a command and those below it the values that environment and file have for their flags, the environment's first.
 * What stands on the command line is parsed later and counts before both; a flag that is repeated there replaces all of
 * theirs.
 * @returns where each value stands, by the flag's name among the command's options
 * @throws bad-usage naming the variable, or file and key
 */
export function applyGivenValues(command: Command, sources: GivenSources): ReadonlyMap<string, string> {
  const section = sectionOf(command, sources.file);
  const where = new Map<string, string>();
  applyTo(command, { ...sources, section, where });
  return where;
}

function applyTo(
  command: Command,
  given: GivenSources & { readonly section: Section | undefined; readonly where: Map<string, string> },
): void {
  for (const option of configuredOptions(command)) {
    const value = fromEnvironment(option, given.environment) ?? fromFile(option, given.file, given.section);
    const key = option.attributeName();
    if (value !== undefined) {
      command.setOptionValueWithSource(key, parsed(option, value), value.source);
      given.where.set(key, value.where);
    }
    replaceByFlag(command, option);
  }
  for (const below of command.commands) applyTo(below, given);
}

/** A flag adds to what stood on the command line before it, and to nothing else. */
function replaceByFlag(command: Command, option: Option): void {
  const { parseArg, defaultValue } = option;
  if (parseArg === undefined) return;
  option.argParser<unknown>((text, previous) => {
    const isFurther = command.getOptionValueSource(option.attributeName()) === 'cli';
    return parseArg.call(option, text, isFurther ? previous : defaultValue);
  });
}

function fromEnvironment(option: Option, environment: NodeJS.ProcessEnv): GivenValue | undefined {
  const variable = variableOf(option);
  const text = environment[variable];
  if (text === undefined) return undefined;
  const texts = isList(option) ? text.split(',').filter((part) => part !== '') : [text];
  return { texts, source: 'env', where: variable };
}

function fromFile(option: Option, file: ConfigFile | undefined, section: Section | undefined): GivenValue | undefined {
  if (file === undefined) return undefined;
  const key = keyOf(option);
  for (const { name, values } of [...(section ? [section] : []), { name: '', values: file.values }]) {
    if (!Object.hasOwn(values, key)) continue;
    const where = `${file.path}: ${name === '' ? '' : `${name}.`}${key}`;
    // A command may be named as a flag is: a mapping is its section.
    if (name === '' && isMapping(values[key]) && !isRepeated(option)) continue;
    return { texts: textsOf(values[key], where), source: 'config', where };
  }
  return undefined;
}

/**
 * What the file says of one command alone.
 * @throws bad-usage for a flag that it does not have
 */
function sectionOf(command: Command, file: ConfigFile | undefined): Section | undefined {
  const name = command.name();
  const values = file?.values[name];
  if (file === undefined || !isMapping(values)) return undefined;
  const known = new Set([command, ...command.commands].flatMap((each) => configuredOptions(each).map(keyOf)));
  const strange = Object.keys(values).find((key) => !known.has(key));
  if (strange === undefined) return { name, values };
  throw badUsage({
    what: `${name} has no flag --${strange}`,
    where: `${file.path}: ${name}.${strange}`,
    remedy: `halotile ${name} --help lists them`,
  });
}

function textsOf(value: unknown, where: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => textsOf(each, where));
  if (isMapping(value)) return Object.entries(value).map(([name, each]) => `${name}=${textsOf(each, where).join('')}`);
  if (typeof value === 'string') return [value];
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  throw badUsage({
    what: `the value ${JSON.stringify(value)}`,
    where,
    expected: 'a text, a number, true, false, or a list',
  });
}

/** The value that commander would have made of it on the command line. */
function parsed(option: Option, { texts, where }: GivenValue): unknown {
  const { parseArg, defaultValue } = option;
  if (texts.length !== 1 && !isRepeated(option)) {
    throw badUsage({ what: `${texts.length} values of --${keyOf(option)}`, where, expected: 'one' });
  }
  if (!option.required && !option.optional) return truthOf(texts[0]!, option, where);
  if (parseArg === undefined) return texts[0];
  try {
    return texts.reduce<unknown>((earlier, text) => parseArg.call(option, text, earlier), defaultValue);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw badUsage({ what: `'${texts.join(',')}' for ${option.flags}: ${error.message}`, where });
  }
}

/** A flag that is not given has no value, or `true` where `--no-x` says otherwise. */
function truthOf(text: string, option: Option, where: string): boolean | undefined {
  const isOn = TRUTHS.get(text.toLowerCase());
  if (isOn === undefined) throw badUsage({ what: `'${text}' for ${option.flags}`, where, expected: 'true or false' });
  return isOn || option.negate ? isOn : undefined;
}
