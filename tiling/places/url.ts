import { relative, resolve, sep } from 'node:path';
import { badInput } from '../errors.js';

const URL_NAME = /^(?:https?|s3):\/\//;
const S3_NAME = /^s3:\/\/(?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(?<key>[^\0]+)$/;

/** Whether a name is that of an object in a place that is read by ranges: `https://`, `http://` or `s3://`. */
export function isUrl(name: string): boolean {
  return URL_NAME.test(name);
}

/** Whether a name is that of an object in an S3 store. */
export function isS3Url(name: string): boolean {
  return name.startsWith('s3://');
}

/** A name as a job is given it: paths become absolute, URLs stay. */
export function absoluteName(name: string, folder = '.'): string {
  return isUrl(name) ? name : resolve(folder, name);
}

/** A file or object by its name below a folder or a URL, with "/"; what lies elsewhere by `..`, or by its own URL. */
export function nameBelow(root: string, name: string): string {
  if (!isUrl(name)) return relative(root, name).split(sep).join('/');
  return name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name;
}

/** @throws bad-input where it names no object */
export function parseS3Url(url: string): { readonly bucket: string; readonly key: string } {
  const { bucket, key } = S3_NAME.exec(url)?.groups ?? {};
  if (bucket !== undefined && key !== undefined) return { bucket, key };
  throw badInput({ what: 'not the name of an object', file: url, expected: 's3://BUCKET/KEY' });
}

/** The URL of what lies below another by its key; what follows the path of an `https://` URL, as its signature, stays. */
export function belowUrl(url: string, key: string): string {
  const names = key.replace(/^\/+/, '');
  if (isS3Url(url)) return `${url.replace(/\/+$/, '')}/${names}`;
  const below = new URL(url);
  below.pathname = `${below.pathname.replace(/\/+$/, '')}/${names.split('/').map(encodeURIComponent).join('/')}`;
  return below.href;
}

/** The last part of a URL's path, as a file is called: what a format's ending is read off. */
export function fileNameOf(url: string): string {
  const path = isS3Url(url) ? parseS3Url(url).key : new URL(url).pathname;
  const name = path.slice(path.lastIndexOf('/') + 1);
  try {
    return isS3Url(url) ? name : decodeURIComponent(name);
  } catch {
    return name;
  }
}
