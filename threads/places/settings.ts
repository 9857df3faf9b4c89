import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { isAllowed } from '../../tiling/places/allowed.js';

/** How S3 stores are reached; credentials and region come by the SDK's usual chain. */
export interface S3Settings {
  /** URL of a store that is not AWS; the SDK's own settings where absent. */
  readonly endpoint?: string;
  /** Buckets are in paths, not in host names. */
  readonly pathStyle?: boolean;
}

/** How this process reads places. */
export interface PlaceSettings {
  readonly s3?: S3Settings;
  /** Folder for what is unfinished of outputs in stores; one of the system's temporary folder where absent. */
  readonly staging?: string;
  /** URLs below which something may be read, redirects included; any where absent. */
  readonly allow?: readonly string[];
  /** URLs below which outputs may be written, and read; any where absent. */
  readonly allowOutputs?: readonly string[];
}

const KEY = 'halotile.places';

/** Said once, before threads start: they inherit it. */
export function setPlaceSettings(settings: PlaceSettings): void {
  setEnvironmentData(KEY, settings as never);
}

/** What {@link setPlaceSettings} said; nothing set where it was not called. */
export function placeSettings(): PlaceSettings {
  return (getEnvironmentData(KEY) ?? {}) as PlaceSettings;
}

/** Whether this process may read a URL. */
export function mayRead(url: string): boolean {
  const { allow, allowOutputs = [] } = placeSettings();
  return allow === undefined || isAllowed(url, [...allow, ...allowOutputs]);
}

/** Whether this process may write an output at a URL. */
export function mayWrite(url: string): boolean {
  const { allowOutputs } = placeSettings();
  return allowOutputs === undefined || isAllowed(url, allowOutputs);
}
