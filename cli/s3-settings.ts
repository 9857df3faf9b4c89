import { homedir } from 'node:os';
import { join } from 'node:path';
import type { S3Settings } from '../threads/places/settings.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where `s3://` names lead, by the environment. A store that is not AWS has its buckets in paths, as nobody made a host
 * name for each, unless HALOTILE_S3_PATH_STYLE is 0.
 */
export function s3Settings(environment: Environment): S3Settings {
  const endpoint = environment.HALOTILE_S3_ENDPOINT || undefined;
  const isOwn = (endpoint ?? environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL ?? '') !== '';
  const style = environment.HALOTILE_S3_PATH_STYLE || undefined;
  return { ...(endpoint !== undefined && { endpoint }), pathStyle: style === undefined ? isOwn : style !== '0' };
}

/** Where what is unfinished of outputs in stores lies. */
export function stagingFolder({ HALOTILE_STAGING, XDG_CACHE_HOME }: Environment): string {
  return HALOTILE_STAGING || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'halotile', 'uploads');
}
