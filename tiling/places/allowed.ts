/** Parts of a path that servers may read as others than they look. */
const HIDDEN = /%(?:2e|2f|5c)|\\/i;

/** Whether a URL lies at or below one of some URLs, compared host for host and folder for folder. */
export function isAllowed(url: string, prefixes: readonly string[]): boolean {
  return !HIDDEN.test(url) && prefixes.some((prefix) => liesBelow(url, prefix));
}

function liesBelow(url: string, prefix: string): boolean {
  let inner: URL;
  let outer: URL;
  try {
    inner = new URL(url);
    outer = new URL(prefix);
  } catch {
    return false;
  }
  // Credentials in a URL are whoever's who writes it, not the operator's.
  if (inner.protocol !== outer.protocol || inner.host !== outer.host || inner.username !== '') return false;
  // The keys of an S3 store are no paths: `..` is a name like another there.
  const [path, folder] = inner.protocol === 's3:' ? [url, prefix] : [inner.pathname, outer.pathname];
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
