import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { parseAllDocuments, parse as parseYaml } from 'yaml';
import { configuredOptions, variableOf } from '../../cli/config/given-values.js';
import { COMMANDS } from '../../cli/help/command-table.js';
import { missingCommands, quietly } from '../support/installed.js';
import { scratchFolder } from '../support/scratch-folder.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DEPLOY = join(ROOT, 'deploy');
const CHART = join(DEPLOY, 'helm/halotile');
const KUBE = ['--kube-version', '1.31.0'];
/** No flags, but what commands read from the environment as well. */
const SECRETS = ['HALOTILE_TOKEN', 'HALOTILE_REDIS_PASSWORD'];
const noValidator = missingCommands(['kubernetes-validate', '--version']);
const noHelm = missingCommands(['helm', 'version']);

/** The options of a command. */
async function optionsOf(name: string) {
  const program = new Command();
  (await COMMANDS[name]!())(program);
  return configuredOptions(program.commands.find((command) => command.name() === name)!);
}

/** What the chart makes of some values. */
function rendered(values: string): readonly unknown[] {
  const { status, stdout, stderr } = spawnSync(
    'helm',
    ['template', 'halotile', CHART, ...KUBE, '--namespace', 'images', '-f', values],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(status, 0, stderr);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as unknown)
    .filter((each) => each !== null);
}

/** Objects whose schemas come with operators. */
function isCustom(object: unknown): boolean {
  const { apiVersion } = object as { readonly apiVersion: string };
  return /^(?:cert-manager\.io|keda\.sh|monitoring\.coreos\.com)\//.test(apiVersion);
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly securityContext?: unknown;
}

/** Every container of any object. */
function containersOf(value: unknown): Container[] {
  if (typeof value !== 'object' || value === null) return [];
  const { containers } = value as { readonly containers?: unknown };
  const own = Array.isArray(containers) ? (containers as Container[]) : [];
  return [...own, ...Object.values(value).flatMap(containersOf)];
}

const VALUES = ['one-coordinator.yaml', 'everything.yaml'].map((name) => join(DEPLOY, 'test', name));

for (const values of VALUES) {
  test(`the chart with ${values.slice(DEPLOY.length + 1)} gives objects that Kubernetes knows`, {
    skip: noHelm,
  }, (t) => {
    quietly('helm', ['lint', '--strict', CHART, '-f', values], /symbolic link/);
    if (noValidator !== false) {
      t.skip(`against schemas: ${noValidator}`);
      return;
    }
    const objects = rendered(values).filter((each) => !isCustom(each));
    const folder = scratchFolder();
    const files = objects.map((object, index) => {
      const file = join(folder, `${index}.json`);
      writeFileSync(file, JSON.stringify(object));
      return file;
    });
    const { status, stdout } = spawnSync('kubernetes-validate', ['--strict', '-k', '1.31.0', ...files], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout);
  });
}

test('containers of the chart run without rights, and every flag and variable is one of the command', {
  skip: noHelm,
}, async () => {
  for (const values of VALUES) {
    const containers = containersOf(rendered(values));
    assert.ok(containers.length >= 2);
    for (const { name, image, args = [], env = [], securityContext } of containers) {
      assert.match(image, /\/(?:coordinator|worker|worker-gpu):\d/);
      assert.deepEqual(securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      const [command, ...rest] = args;
      await assertKnown(`${values}: ${name}`, command!, { variables: env.map((one) => one.name), words: rest });
    }
  }
});

test('a worker has every coordinator of its own release and none of another', { skip: noHelm }, () => {
  const objects = rendered(VALUES[1]!);
  const text = JSON.stringify(objects);
  const [, list] = /"HALOTILE_COORDINATOR","value":"([^"]*,[^"]*)"/.exec(text)!;
  assert.deepEqual(
    list!.split(','),
    [0, 1].map((i) => `halotile-coordinator-${i}.halotile-coordinator.images.svc:7070`),
  );
});

test('a pod has more time to end than its program takes', { skip: noHelm }, () => {
  for (const object of rendered(VALUES[1]!)) {
    const pod = (object as { spec?: { template?: { spec?: Record<string, unknown> } } }).spec?.template?.spec;
    if (pod === undefined) continue;
    const env = containersOf(pod).flatMap((container) => (container.env ?? []) as { name: string; value?: string }[]);
    const grace = env.find(({ name }) => name === 'HALOTILE_GRACE')?.value;
    if (grace !== undefined) assert.ok((pod.terminationGracePeriodSeconds as number) > Number(grace) + 5);
  }
});

test('the plain manifests are what the chart makes', { skip: noHelm }, () => {
  const { stdout } = spawnSync('sh', [join(DEPLOY, 'kubernetes/make.sh'), '-'], { encoding: 'utf8' });
  assert.equal(readFileSync(join(DEPLOY, 'kubernetes/halotile.yaml'), 'utf8'), stdout);
});

test('services of the compose file run images that the Dockerfile makes, by flags and variables that there are', async () => {
  const compose = parseYaml(readFileSync(join(DEPLOY, 'compose/compose.yaml'), 'utf8'), { merge: true }) as Compose;
  const targets = new Set(
    [...readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8').matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name),
  );
  const volumes = new Set(Object.keys(compose.volumes));
  for (const [name, service] of Object.entries(compose.services)) {
    for (const other of Object.keys(service.depends_on ?? {}).concat(
      Array.isArray(service.depends_on) ? service.depends_on : [],
    )) {
      if (Number.isNaN(Number(other))) assert.ok(Object.hasOwn(compose.services, other), `${name} waits for ${other}`);
    }
    for (const volume of service.volumes ?? []) {
      const [from] = volume.split(':') as [string];
      if (from.startsWith('.')) statSync(join(DEPLOY, 'compose', from));
      else assert.ok(volumes.has(from), `${name} mounts ${from}`);
    }
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
    if (service.build === undefined) continue;
    assert.ok(targets.has(service.build.target));
    assert.equal(service.read_only, true);
    const command = service.build.target === 'coordinator' ? 'serve' : 'worker';
    await assertKnown(name, command, { variables: Object.keys(service.environment ?? {}), words: [] });
  }
  const demo = compose.services.demo!.command!.join('\n');
  for (const [, command, rest] of demo.matchAll(/^halotile (\w+) (.*)$/gm)) {
    await assertKnown('demo', command!, { variables: [], words: rest!.split(' ') });
  }
});

test('units call commands by flags and variables that there are', {
  skip: missingCommands(['systemd-analyze', '--version']),
}, async () => {
  const folder = join(DEPLOY, 'systemd');
  const units = readdirSync(folder).map((name) => join(folder, name));
  quietly('systemd-analyze', ['verify', ...units], /Unit \S+ not found|is not executable/);
  for (const unit of units) {
    const text = readFileSync(unit, 'utf8');
    const [, command] = /^ExecStart=.*halotile (\w+)/m.exec(text) ?? [];
    if (command === undefined) continue;
    const variables = [...text.matchAll(/\b(HALOTILE_\w+)=/g)].map(([, name]) => name!);
    const words = /^ExecStart=.*(halotile .*)$/m.exec(text)![1]!.split(/[ ']/);
    await assertKnown(unit, command, { variables, words });
  }
});

test('variables of the images are flags of their commands', async () => {
  const stages = readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8').split(/^FROM /m);
  for (const stage of stages) {
    const [, command] = /^CMD \["(\w+)"\]$/m.exec(stage) ?? [];
    if (command === undefined) continue;
    const variables = [...stage.matchAll(/\b(HALOTILE_\w+)=/g)].map(([, name]) => name!);
    await assertKnown(stage.split('\n')[0]!, command, { variables, words: [] });
    const [, health] = /^HEALTHCHECK .*CMD (.*)$/m.exec(stage)!;
    const [, called, ...words] = JSON.parse(health!) as string[];
    await assertKnown('health check', called!, { variables: [], words });
  }
});

interface Compose {
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly services: Readonly<
    Record<
      string,
      {
        readonly build?: { readonly target: string };
        readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
        readonly environment?: Readonly<Record<string, string>>;
        readonly command?: readonly string[];
        readonly volumes?: readonly string[];
        readonly ports?: readonly string[];
        readonly read_only?: boolean;
      }
    >
  >;
}

/** That a command has all flags among some words, and a flag for each of halotile's variables. */
async function assertKnown(
  where: string,
  command: string,
  { variables, words }: { readonly variables: readonly string[]; readonly words: readonly string[] },
): Promise<void> {
  const options = await optionsOf(command);
  const known = new Set([...options.map(variableOf), ...SECRETS]);
  for (const name of variables)
    if (name.startsWith('HALOTILE_')) assert.ok(known.has(name), `${where}: ${name} of ${command}`);
  const flags = new Set(options.flatMap(({ long, short }) => [long, short]));
  for (const word of words)
    if (/^--[a-z]|^-o$/.test(word)) assert.ok(flags.has(word), `${where}: ${word} of ${command}`);
}
