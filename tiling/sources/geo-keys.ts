/** GeoTIFF keys by name, as geotiff.js interprets them; the file must have passed our own header checks before. */
export type GeoKeys = Readonly<Record<string, string | number>>;

/** The geo keys of directory `index` of a TIFF file; undefined where it has none or they make no sense. */
export async function readGeoKeys(path: string, index: number): Promise<GeoKeys | undefined> {
  const { fromFile } = await import('geotiff');
  const tiff = await fromFile(path);
  try {
    const keys = (await tiff.getImage(index)).getGeoKeys();
    if (keys === null) return undefined;
    const plain: Record<string, string | number> = {};
    for (const [name, value] of Object.entries(keys)) {
      plain[name] = typeof value === 'number' ? value : String(value);
    }
    return plain;
  } catch {
    // Pixels do not depend on them, and nobody else reads what geotiff.js cannot.
    return undefined;
  } finally {
    await tiff.close();
  }
}
