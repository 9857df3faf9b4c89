import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { FieldViolation } from '../../proto/convert/job-spec.js';
import { badInput } from '../../tiling/errors.js';
import { chainOf, type DatasetSpec, imageJobOf, isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { extraPaths, parameterFiles, readParameterFile } from '../../tiling/plan/parameter-files.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { outputPlace } from '../../tiling/stitch/output-file.js';
import { refuseOverwrites } from '../output-place.js';
import { inputFiles } from '../prepare-job.js';
import { type Uploads, uploadName } from './uploads.js';

const DOWNLOAD = /^download:([A-Za-z0-9._-]{1,128})$/;
/** A file in an operation's parameter; a mask's stands behind its kind. */
const PARAMETER = /^(mask:)?((?:root|upload):.+)$/;
const UPLOAD = /^upload:([A-Za-z0-9_-]{1,64})$/;

/** Where the names in a submitted spec lie on this machine. */
export class Places {
  readonly #roots: StorageRoots;
  readonly #uploads: Uploads;
  readonly #results: string;

  /** @param results directory of outputs that wait for their download; made where absent */
  constructor(roots: StorageRoots, uploads: Uploads, results: string) {
    this.#roots = roots;
    this.#uploads = uploads;
    this.#results = results;
  }

  /** Everything that is wrong with the names in a spec; empty where they all lie somewhere. */
  check(spec: JobSpec, principal: string): FieldViolation[] {
    const violations: FieldViolation[] = [];
    const attempt = (field: string, locate: () => void) => {
      try {
        locate();
      } catch (error) {
        violations.push({ field, description: (error as Error).message });
      }
    };
    attempt('image', () => this.#input(spec.image, principal));
    if (spec.map !== undefined) attempt('map', () => this.#input(spec.map!, principal));
    attempt('output', () => this.output(spec.output, 'new'));
    attempt('operations', () => this.#operations(spec, principal));
    if (violations.length === 0) {
      const real = this.resolve(spec, principal, 'new');
      attempt('output', () => refuseOverwrites(outputPlace(real.output), inputFiles(real)));
    }
    return violations;
  }

  /**
   * The spec with real paths.
   * @throws bad-input where a name lies nowhere (any more)
   */
  resolve(spec: JobSpec, principal: string, jobId: string): JobSpec {
    return {
      ...spec,
      image: this.#input(spec.image, principal),
      map: spec.map === undefined ? undefined : this.#input(spec.map, principal),
      output: this.output(spec.output, jobId),
      operations: this.#operations(spec, principal),
    };
  }

  /** Everything that is wrong with the names in a dataset job. */
  checkDataset(spec: DatasetSpec, principal: string): FieldViolation[] {
    try {
      this.resolveDataset(spec, principal, 'new');
      return [];
    } catch (error) {
      return [{ field: '', description: (error as Error).message }];
    }
  }

  /**
   * The dataset job with real paths. What its frames lead to is judged by {@link allows} when it is found.
   * @throws bad-input where a name lies nowhere (any more)
   */
  resolveDataset(spec: DatasetSpec, principal: string, jobId: string): DatasetSpec {
    const chain = imageJobOf(chainOf(spec), { image: 'image', map: 'map', output: 'output' });
    return {
      ...spec,
      frames: spec.frames.map((name) => this.#roots.resolve(name)),
      images: spec.images.map(({ image, map, ...rest }) => {
        const files = { image: this.#input(image, principal), map: map && this.#input(map, principal) };
        return { ...rest, ...files };
      }),
      output: this.output(spec.output, jobId),
      target: spec.target && this.#input(spec.target, principal),
      operations: this.#operations(chain, principal),
    };
  }

  /**
   * Refuses files that a folder, a pattern or a manifest of a dataset leads to outside all roots.
   * @throws bad-input
   */
  allows(path: string, { images }: DatasetSpec): void {
    if (images.some(({ image, map }) => path === image || path === map)) return;
    const real = existsSync(path) ? realpathSync(path) : path;
    if (this.#roots.rootOf(real) === undefined) throw unknownName(path);
  }

  /** The name of a file below a root; undefined for any other. */
  nameOf(path: string): string | undefined {
    const rooted = this.#roots.rootOf(path);
    return rooted && `root:${rooted.root}/${rooted.path}`;
  }

  /**
   * Real paths and the caller's names for them.
   * @throws bad-input where a name lies nowhere (any more)
   */
  namesOf(spec: JobSpec | DatasetSpec, principal: string, jobId: string): [path: string, name: string][] {
    if (!isDatasetSpec(spec)) {
      const real = this.resolve(spec, principal, jobId);
      const map: [string, string][] = real.map === undefined ? [] : [[real.map, spec.map!]];
      return [[real.image, spec.image], [real.output, spec.output], ...map, ...parameterNames(real, spec)];
    }
    const real = this.resolveDataset(spec, principal, jobId);
    const names = [...spec.frames, ...spec.images.flatMap(({ image, map }) => [image, map ?? '']), spec.output];
    const paths = [...real.frames, ...real.images.flatMap(({ image, map }) => [image, map ?? '']), real.output];
    const roots = this.#roots.names.map((name): [string, string] => [this.#roots.directory(name)!, `root:${name}`]);
    const named = paths.map((path, index): [string, string] => [path, names[index]!]);
    return [...named, ...parameterNames(real, spec), ...roots].filter(([path]) => path !== '');
  }

  /** The real path of an output; the directory of a download is made when the job is named. */
  output(name: string, jobId: string): string {
    const match = DOWNLOAD.exec(name);
    if (match === null || match[1] === '.' || match[1] === '..') return this.#roots.resolve(name);
    const directory = join(this.#results, jobId);
    if (jobId !== 'new') mkdirSync(directory, { recursive: true });
    return join(directory, match[1]!);
  }

  /**
   * The operations with real paths in place of the names in their parameters. A file that an operation would
   * read under any other name is refused before it is read.
   */
  #operations(spec: JobSpec, principal: string): JobSpec['operations'] {
    const named = new Set<string>();
    const operations = spec.operations.map((operation) => ({
      ...operation,
      params: Object.fromEntries(
        Object.entries(operation.params).map(([key, value]) => {
          const match = typeof value === 'string' ? PARAMETER.exec(value) : null;
          if (match === null) return [key, value];
          const path = this.#input(match[2]!, principal);
          named.add(path);
          return [key, `${match[1] ?? ''}${path}`];
        }),
      ),
    }));
    // Reading goes on after an error of a single file, so a refusal is remembered too.
    let refusal: unknown;
    const allow = (path: string) => {
      if (named.has(path)) return;
      refusal ??= unknownName(path);
      throw refusal;
    };
    const resolved = { ...spec, operations };
    parameterFiles(resolved, (path) => {
      allow(path);
      return readParameterFile(path);
    });
    if (refusal !== undefined) throw refusal;
    for (const path of extraPaths(resolved)) allow(path);
    return operations;
  }

  #input(name: string, principal: string): string {
    const match = UPLOAD.exec(name);
    if (match !== null) return this.#uploads.pathOf(principal, match[1]!);
    if (name.startsWith('root:')) return this.#roots.resolve(name);
    throw unknownName(name);
  }
}

/** Whether an output waits at the coordinator for its download. */
export function isDownload(name: string): boolean {
  return DOWNLOAD.test(name);
}

/** The uploads that a spec names, see {@link uploadName}. */
export function namedUploads(spec: JobSpec | DatasetSpec, principal: string): string[] {
  const params = spec.operations.flatMap((operation) => Object.values(operation.params).map(String));
  const images = isDatasetSpec(spec) ? [...spec.images, { image: spec.target ?? '' }] : [spec];
  const inputs = images.flatMap(({ image, map }: { image: string; map?: string }) => [image, map ?? '']);
  const names = [...inputs, ...params.map((value) => PARAMETER.exec(value)?.[2] ?? '')];
  return names.flatMap((name) => {
    const match = UPLOAD.exec(name);
    return match === null ? [] : [uploadName(principal, match[1]!)];
  });
}

/** The files that operations name in their parameters. */
function parameterNames(
  real: Pick<JobSpec, 'operations'>,
  named: Pick<JobSpec, 'operations'>,
): [path: string, name: string][] {
  return named.operations.flatMap(({ params }, index) =>
    Object.entries(params).flatMap(([key, name]): [string, string][] => {
      const path = real.operations[index]!.params[key];
      return path === name ? [] : [[String(path), String(name)]];
    }),
  );
}

function unknownName(name: string) {
  return badInput({
    what: 'not a name that the cluster knows',
    where: name,
    expected: 'root:NAME/PATH or upload:ID',
    remedy: 'upload the file, or name it below a storage root',
  });
}
