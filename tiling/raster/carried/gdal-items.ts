/** What an operation leaves of the meaning of a sample: its value, differences between values, or neither. */
export type SampleMeaning = 'value' | 'difference' | 'other';

/** Items of GDAL's metadata by role, and the weakest meaning that they outlive. */
const ROLES: Readonly<Record<string, readonly SampleMeaning[]>> = {
  offset: ['value'],
  scale: ['value', 'difference'],
  unittype: ['value', 'difference'],
};

const ITEM = /[ \t]*<Item\b([^>]*?)(?:\/>|>[\s\S]*?<\/Item>)[ \t]*\r?\n?/g;

/**
 * GDAL's metadata (an XML text of Item elements) for an output whose samples differ from the input's: without
 * statistics and histograms, and with scale, offset and unit as far as samples still mean what they meant.
 */
export function gdalItemsFor(xml: string, meaning: SampleMeaning): string {
  return xml.replace(ITEM, (item, attributes: string) => {
    const name = /\bname=["']([^"']*)["']/.exec(attributes)?.[1] ?? '';
    const role = /\brole=["']([^"']*)["']/.exec(attributes)?.[1] ?? '';
    if (/^(?:STATISTICS_|HISTOGRAM)/i.test(name)) return '';
    return ROLES[role]?.includes(meaning) === false ? '' : item;
  });
}
