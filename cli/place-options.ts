import { InvalidArgumentError } from 'commander';
import { placeSettings, setPlaceSettings } from '../threads/places/settings.js';
import { isS3Url, isUrl } from '../tiling/places/url.js';
import { collect } from './config/collect.js';

/** Gathers the values of `--allow-place`. */
export function place(value: string, earlier: readonly string[] = []): string[] {
  if (!isUrl(value) || !URL.canParse(value))
    throw new InvalidArgumentError('expected https://HOST/PATH or s3://BUCKET/PREFIX');
  return collect(value, earlier);
}

/** Gathers the values of `--allow-output`. */
export function outputPlaceUrl(value: string, earlier: readonly string[] = []): string[] {
  if (!isS3Url(value) || !URL.canParse(value)) throw new InvalidArgumentError('expected s3://BUCKET/PREFIX');
  return collect(value, earlier);
}

/** From now on this process and its threads read URLs below these alone, and write below `outputs` alone. */
export function allowPlaces(urls: readonly string[], outputs: readonly string[] = []): void {
  setPlaceSettings({ ...placeSettings(), allow: urls, allowOutputs: outputs });
}
