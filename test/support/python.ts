import { spawnSync } from 'node:child_process';

const PYTHON = process.env.HALOTILE_PYTHON ?? 'python3';

/** Why a test that needs these Python modules is skipped; false where all are there. */
export function missingModules(...modules: readonly string[]): string | false {
  const { status } = spawnSync(PYTHON, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
  return status !== 0 && `no Python with ${modules.join(', ')} (HALOTILE_PYTHON names one)`;
}

/**
 * What a script prints, as JSON; its arguments are `sys.argv[1:]`.
 * @throws where it fails, with what it said
 */
export function pythonJson(script: string, ...args: readonly string[]): unknown {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', script, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${PYTHON}: exit ${status}\n${stderr}`);
  return JSON.parse(stdout);
}
