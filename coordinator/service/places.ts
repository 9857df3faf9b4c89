import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import type { FieldViolation } from '../../proto/convert/job-spec.js';
import { mayRead, mayWrite } from '../../threads/places/settings.js';
import { badInput, HalotileError, sentenceOf, toErrorRecord } from '../../tiling/errors.js';
import type { AnyJobSpec } from '../../tiling/job/collection-spec.js';
import { inputPaths, inputsOf, type JobInput, placeInputs, placeOutputs } from '../../tiling/job/job-inputs.js';
import { fixedFolder, isTemplate } from '../../tiling/job/name-template.js';
import { checkFetched } from '../../tiling/job/output-format.js';
import { isUrl } from '../../tiling/places/url.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { outputPlace } from '../../tiling/stitch/output-file.js';
import { refuseOverwrites, stagingPlace } from '../job/output-place.js';
import { type Uploads, uploadName } from './uploads.js';

const DOWNLOAD = /^download:([A-Za-z0-9._-]{1,128})$/;
const UPLOAD = /^upload:([A-Za-z0-9_-]{1,64})$/;

/** What a principal may do below a storage root; who may write may read. */
export type RootRight = 'read' | 'write';

/** Whose names they are. */
export interface Owner {
  readonly principal: string;
  /** The roots that it may use; all of them, in both ways, where absent. */
  readonly roots?: Readonly<Record<string, RootRight>>;
}

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

  /** Everything that is wrong with the names in a job, by field; empty where they all lie somewhere. */
  check(spec: AnyJobSpec, owner: Owner): FieldViolation[] {
    const violations: FieldViolation[] = [];
    const attempt = (field: string, locate: () => void) => {
      try {
        locate();
      } catch (error) {
        violations.push({ field, description: sentenceOf(toErrorRecord(error, 'bad-input').detail) });
      }
    };
    let real: AnyJobSpec | undefined;
    try {
      real = this.resolve(spec, owner, 'new');
    } catch {
      // Each name by itself says what is wrong with it.
      for (const input of inputsOf(spec)) attempt(input.field, () => this.#input(input, owner));
      placeOutputs(spec, (name, field) => {
        attempt(field, () => this.#ownOutput(name, owner, 'new'));
        return name;
      });
    }
    attempt('operations', () =>
      resolveOperations(spec.operations, {
        map: !('image' in spec) || spec.map !== undefined || spec.mapOperations !== undefined,
      }),
    );
    if (violations.length > 0 || real === undefined || !('image' in real) || isUrl(real.output)) return violations;
    const { output } = real;
    const inputs = inputPaths(real);
    attempt('output', () => refuseOverwrites(outputPlace(output), inputs));
    return violations;
  }

  /**
   * The job with real paths. What names of many lead to is judged by {@link allowsBelow} when it is found.
   * @throws bad-input where a name lies nowhere (any more)
   */
  resolve<S extends AnyJobSpec>(spec: S, owner: Owner, jobId: string): S {
    const placed = placeInputs(spec, (input) => this.#input(input, owner));
    return placeOutputs(placed, (name) => this.#ownOutput(name, owner, jobId));
  }

  /**
   * Refuses a file that lies below no root where its owner may do that; one that is not there yet is judged by the
   * folder that is.
   * @throws bad-input
   */
  allowsBelow(path: string, right: RootRight, owner: Owner): void {
    if (isUrl(path)) {
      if (right === 'read') refuseUnread(path);
      else refuseUnwritten(path);
      return;
    }
    let there = path;
    while (!existsSync(there)) there = dirname(there);
    const root = this.#roots.rootOf(join(realpathSync.native(there), relative(there, path)))?.root;
    // Where it leads to would say where the roots lie.
    if (root === undefined) throw unknownName(this.nameOf(path) ?? `…/${basename(path)}`, 'frames');
    checkRight(root, owner, right);
  }

  /** Whether a path is one of an output that waits for its download. */
  isResult(path: string): boolean {
    return path.startsWith(`${this.#results}/`);
  }

  /** The name of a file below a root; undefined for any other. */
  nameOf(path: string): string | undefined {
    const rooted = this.#roots.rootOf(path);
    return rooted && `root:${rooted.root}/${rooted.path}`;
  }

  /** What clients call a file of this machine. Of one that they have no name for, its folders are nothing to them. */
  shown(path: string): string {
    if (!isAbsolute(path)) return path;
    const [, id] = relative(this.#uploads.directory, path).split('/');
    if (path.startsWith(`${this.#uploads.directory}/`) && id !== undefined) return `upload:${id}`;
    if (this.isResult(path)) return `download:${relative(this.#results, path).split('/').slice(1).join('/')}`;
    return this.nameOf(path) ?? this.#rootAt(path) ?? `…/${basename(path)}`;
  }

  /** The name of a root by its own folder. */
  #rootAt(path: string): string | undefined {
    const root = this.#roots.names.find((name) => this.#roots.directory(name) === path);
    return root && `root:${root}/`;
  }

  /** The real path of an output; the directory of a download is made when the job is named. */
  output(name: string, jobId: string): string {
    const match = DOWNLOAD.exec(name);
    if (match === null || match[1] === '.' || match[1] === '..') return this.#roots.resolve(name);
    const directory = join(this.#results, jobId);
    if (jobId !== 'new') mkdirSync(directory, { recursive: true, mode: 0o700 });
    return join(directory, match[1]!);
  }

  /** Removes what waits at the coordinator to be downloaded of a job. */
  async removeResult(jobId: string): Promise<void> {
    await rm(join(this.#results, jobId), { recursive: true, force: true });
  }

  /** Where the output of a finished job lies: a file, or the folder of many. */
  resultOf(spec: AnyJobSpec, jobId: string): string {
    const { output } = spec;
    if (isUrl(output)) {
      const what = 'the output is in a store, and not fetched from here';
      throw new HalotileError('not-found', { what, file: output, remedy: 'read it there' });
    }
    if (!isTemplate(output)) return this.output(output, jobId);
    const folder = fixedFolder(output);
    return folder.startsWith('download:') ? this.#below(folder, jobId) : dirname(this.#template(folder, 'x'));
  }

  /** The real path of a name below a folder that is there; the name's own folders need not be. */
  #template(folder: string, rest: string): string {
    const [, root] = /^root:([^/]+)$/.exec(folder) ?? [];
    const whole = root === undefined ? undefined : this.#roots.directory(root);
    return join(whole ?? this.#roots.resolve(folder), checkedBelow(folder, rest));
  }

  /** The real path of `download:NAME` and of names below it. */
  #below(name: string, jobId: string): string {
    const [folder = '', ...rest] = name.split('/');
    const place = this.output(folder, jobId);
    return rest.length === 0 ? place : join(place, checkedBelow(folder, rest.join('/')));
  }

  /** The real path of an output below a root; of one in a store, of what stands for it here. @throws bad-input where it is none, or not the owner's to write */
  rootedOutput(name: string, owner: Owner): string {
    if (isUrl(name)) {
      refuseUnwritten(name);
      return stagingPlace(name);
    }
    if (rootOf(name) !== undefined) return this.#ownOutput(name, owner, 'new');
    throw badInput({ what: 'not an output below a storage root', file: name, expected: 'root:NAME/PATH' });
  }

  #ownOutput(name: string, owner: Owner, jobId: string): string {
    if (isUrl(name)) {
      refuseUnwritten(name);
      return name;
    }
    if (name.startsWith('download:')) checkFetched(name);
    if (name.startsWith('download:') && name.includes('/')) return this.#below(name, jobId);
    const place = isTemplate(name)
      ? this.#template(fixedFolder(name), name.slice(fixedFolder(name).length + 1))
      : this.output(name, jobId);
    const root = rootOf(name);
    if (root !== undefined) checkRight(root, owner, 'write');
    return place;
  }

  #input({ kind, path: name }: JobInput, owner: Owner): string {
    if (isUrl(name)) {
      refuseUnread(name);
      return name;
    }
    if (kind === 'template' && isTemplate(name)) {
      const place = this.#template(fixedFolder(name), name.slice(fixedFolder(name).length + 1));
      checkRight(rootOf(name)!, owner, 'read');
      return place;
    }
    const match = kind === 'frames' ? null : UPLOAD.exec(name);
    if (match !== null) return this.#uploads.pathOf(owner.principal, match[1]!);
    if (name.startsWith('root:')) {
      const place = this.#roots.resolve(name);
      checkRight(rootOf(name)!, owner, 'read');
      return place;
    }
    throw unknownName(name, kind);
  }
}

/** Whether an output waits at the coordinator for its download. */
export function isDownload(name: string): boolean {
  return DOWNLOAD.test(name);
}

/** The uploads that a spec names, see {@link uploadName}. */
export function namedUploads(spec: AnyJobSpec, principal: string): string[] {
  return inputPaths(spec).flatMap((name) => {
    const match = UPLOAD.exec(name);
    return match === null ? [] : [uploadName(principal, match[1]!)];
  });
}

/** @throws bad-input where a name below a folder leads out of it */
function checkedBelow(folder: string, rest: string): string {
  if (!/[\0\\]/.test(rest) && rest.split('/').every((part) => part !== '' && part !== '.' && part !== '..'))
    return rest;
  throw badInput({ what: 'the name leads out of its folder', file: `${folder}/${rest}`, expected: 'no ..' });
}

/** The root that a name begins with. */
function rootOf(name: string): string | undefined {
  return /^root:([^/]*)\//.exec(name)?.[1];
}

/** @throws bad-input where the owner may not do that there */
function checkRight(root: string, { principal, roots }: Owner, right: RootRight): void {
  if (roots === undefined) return;
  const has = Object.hasOwn(roots, root) ? roots[root] : undefined;
  if (has === 'write' || has === right) return;
  throw badInput({
    what: `${principal} may not ${right} there`,
    where: `root:${root}/`,
    remedy: 'use another root, or ask who runs the coordinator for the right',
  });
}

/** @throws bad-input where whoever runs the coordinator did not say that it may be read */
function refuseUnread(url: string): void {
  if (mayRead(url)) return;
  throw badInput({
    what: 'a URL that this coordinator does not read',
    file: url,
    expected: 'one below a place that serve --allow-place names',
    remedy: 'upload the file, or name it below a storage root',
  });
}

/** @throws bad-input where whoever runs the coordinator did not say that it may be written */
function refuseUnwritten(url: string): void {
  if (mayWrite(url)) return;
  throw badInput({
    what: 'a URL that this coordinator does not write to',
    file: url,
    expected: 'one below a place that serve --allow-output names',
    remedy: 'have it fetched, or name an output below a storage root',
  });
}

function unknownName(name: string, kind: JobInput['kind']) {
  const frames = kind === 'frames';
  return badInput({
    what: 'not a name that the cluster knows',
    file: name,
    expected: frames ? 'root:NAME/PATH' : 'root:NAME/PATH or upload:ID',
    remedy: frames ? 'name it below a storage root' : 'upload the file, or name it below a storage root',
  });
}
