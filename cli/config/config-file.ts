import { existsSync } from 'node:fs';
import { badUsage } from '../../tiling/errors.js';

/** Where flags are looked for that neither the command line nor the environment gives. */
export const CONFIG_FILES = ['halotile.yaml', '/etc/halotile/halotile.yaml'];
/** The environment variable that names another file; empty for none. */
export const CONFIG_VARIABLE = 'HALOTILE_CONFIG';

/** The longest configuration that is read. */
const MAX_FILE_BYTES = 1 << 20;

/** What a file says for all commands, and for single ones. */
export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * The configuration file that counts: the one that the environment names, or the first there is.
 * @throws bad-usage where a named one is not there, or one is no mapping
 */
export async function readConfigFile(environment: NodeJS.ProcessEnv): Promise<ConfigFile | undefined> {
  const named = environment[CONFIG_VARIABLE];
  const path = named ?? CONFIG_FILES.find((file) => existsSync(file));
  if (path === undefined || path === '') return undefined;
  // Most starts have no file and do without the parser.
  const [{ parseYamlText }, { readTextFile }] = await Promise.all([
    import('../../tiling/job/yaml-text.js'),
    import('../../tiling/text-file.js'),
  ]);
  const remedy = named === undefined ? undefined : `${CONFIG_VARIABLE} names it`;
  const text = readTextFile(path, { what: 'the configuration', maxBytes: MAX_FILE_BYTES, remedy });
  let values: unknown;
  try {
    values = parseYamlText(text);
  } catch (error) {
    throw badUsage({ what: `the configuration cannot be read (${(error as Error).message})`, file: path, remedy });
  }
  if (values === null) return { path, values: {} };
  if (isMapping(values)) return { path, values };
  throw badUsage({ what: 'the configuration is no mapping', file: path, expected: 'lines like `log-format: json`' });
}

/** Whether a value of a YAML file is a mapping. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
