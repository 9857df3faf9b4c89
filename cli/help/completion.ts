import type { Command, Option } from 'commander';

/** What can be completed of one command. */
interface CompletedCommand {
  /** `blur`, `schedule add`. */
  readonly name: string;
  readonly description: string;
  readonly flags: readonly CompletedFlag[];
  /** Names of the commands below it. */
  readonly below: readonly string[];
}

interface CompletedFlag {
  readonly long: string;
  readonly short?: string;
  readonly description: string;
  /** Whether a value follows. */
  readonly takesValue: boolean;
  /** The values that it takes; none where they are not known, and files are offered. */
  readonly choices: readonly string[];
}

/** Shells that completion is written for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/**
 * A script that completes the program's commands, flags and their values in a shell, files elsewhere.
 */
export function completionScript(
  shell: Shell,
  program: Command,
  { operations, topics }: { readonly operations: readonly string[]; readonly topics: readonly string[] },
): string {
  const commands = program.commands.flatMap((command) => completed(command, '', operations));
  const names = program.commands.map((command) => command.name());
  const helped = [...names, ...topics, ...operations];
  const forArguments: Readonly<Record<string, readonly string[]>> = { operations, help: helped, config: names };
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands, { names, forArguments });
}

interface Words {
  readonly names: readonly string[];
  /** Of commands whose arguments are no files. */
  readonly forArguments: Readonly<Record<string, readonly string[]>>;
}

function completed(command: Command, above: string, operations: readonly string[]): CompletedCommand[] {
  const name = `${above}${command.name()}`;
  const flags = command.options.flatMap((option) => flagOf(option, operations));
  const below = command.commands.map((each) => each.name());
  const own = { name, description: command.description(), flags, below };
  return [own, ...command.commands.flatMap((each) => completed(each, `${name} `, operations))];
}

function flagOf(option: Option, operations: readonly string[]): CompletedFlag[] {
  const { long, short, description } = option;
  if (long === undefined || long === null) return [];
  const choices = option.argChoices ?? (['--op', '--mask-op'].includes(long) ? operations : []);
  return [{ long, short: short ?? undefined, description, takesValue: option.required || option.optional, choices }];
}

function bashScript(commands: readonly CompletedCommand[], { names, forArguments }: Words): string {
  const values = commands.flatMap(({ name, flags }) =>
    flags
      .filter(({ takesValue }) => takesValue)
      .map(({ long, short, choices }) => {
        const patterns = [long, ...(short === undefined ? [] : [short])].map((flag) => `'${name} ${flag}'`);
        const action = choices.length === 0 ? 'return' : `_halotile_words '${choices.join(' ')}'; return`;
        return `    ${patterns.join('|')}) ${action} ;;`;
      }),
  );
  const flags = commands.map(
    ({ name, flags }) =>
      `    '${name}') _halotile_words '${[...flags.map(({ long }) => long), '--help'].join(' ')}' ;;`,
  );
  const words = [
    ...commands.flatMap(({ name, below }) => (below.length === 0 ? [] : [[name, below] as const])),
    ...Object.entries(forArguments),
  ].map(([name, list]) => `    '${name}') _halotile_words '${list.join(' ')}' ;;`);
  return `# halotile completion bash
_halotile_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }
_halotile() {
  local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then _halotile_words '${names.join(' ')}'; return; fi
  case "$command \${COMP_WORDS[2]}" in
${commands
  .filter(({ name }) => name.includes(' '))
  .map(({ name }) => `    '${name}') [ "$COMP_CWORD" -gt 2 ] && command='${name}' ;;`)
  .join('\n')}
  esac
  case "$command $previous" in
${values.join('\n')}
  esac
  case "$cur" in
  -*) case "$command" in
${flags.join('\n')}
    esac ;;
  *) case "$command" in
${words.join('\n')}
    esac ;;
  esac
}
complete -o bashdefault -o default -F _halotile halotile
`;
}

function zshScript(commands: readonly CompletedCommand[], { forArguments }: Words): string {
  const top = commands.filter(({ name }) => !name.includes(' '));
  const cases = commands.map(({ name, flags, below }) => {
    const specs = flags.flatMap(({ long, short, description, takesValue, choices }) => {
      const value = !takesValue ? '' : choices.length === 0 ? ':value:_files' : `:value:(${choices.join(' ')})`;
      return [long, ...(short === undefined ? [] : [short])].map(
        (flag) => `'*${flag}[${zshText(description)}]${value}'`,
      );
    });
    const words = below.length > 0 ? below : forArguments[name];
    const rest = words === undefined ? "'*:file:_files'" : `'*:word:(${words.join(' ')})'`;
    return `    '${name}') _arguments ${[...specs, "'--help[show the help]'", rest].join(' ')} ;;`;
  });
  const nested = commands.filter(({ name }) => name.includes(' ')).map(({ name }) => `'${name}'`);
  return `#compdef halotile
# halotile completion zsh
_halotile() {
  local -a commands=(
${top.map(({ name, description }) => `    '${name}:${zshText(description)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command=$words[2]
  local -a nested=(${nested.join(' ')})
  shift words; (( CURRENT-- ))
  if (( CURRENT > 2 )) && [[ -n "\${(M)nested:#$command $words[2]}" ]]; then
    command="$command $words[2]"
    shift words; (( CURRENT-- ))
  fi
  case $command in
${cases.join('\n')}
  esac
}
compdef _halotile halotile
`;
}

/** Brackets and colons part what zsh reads of a description. */
function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, (letter) => `\\${letter}`).replace(/'/g, "'\\''");
}

function fishScript(commands: readonly CompletedCommand[], { names, forArguments }: Words): string {
  const lines = ['# halotile completion fish'];
  const noCommand = `not __fish_seen_subcommand_from ${names.join(' ')}`;
  for (const { name, description, flags, below } of commands) {
    const [first, second] = name.split(' ') as [string, string | undefined];
    const seen = `__fish_seen_subcommand_from ${first}`;
    const condition = second === undefined ? seen : `${seen}; and __fish_seen_subcommand_from ${second}`;
    if (second === undefined)
      lines.push(`complete -c halotile -n '${noCommand}' -fa ${name} -d ${fishText(description)}`);
    const words = below.length > 0 ? below : forArguments[name];
    if (words !== undefined) lines.push(`complete -c halotile -n '${condition}' -fa '${words.join(' ')}'`);
    for (const { long, short, description, takesValue, choices } of flags) {
      const value = !takesValue ? '' : choices.length === 0 ? ' -r' : ` -xa '${choices.join(' ')}'`;
      const letter = short === undefined ? '' : ` -s ${short.slice(1)}`;
      lines.push(
        `complete -c halotile -n '${condition}' -l ${long.slice(2)}${letter}${value} -d ${fishText(description)}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function fishText(text: string): string {
  return `'${text.replace(/[\\']/g, (letter) => `\\${letter}`)}'`;
}
