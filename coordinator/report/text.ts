/** A number of things in words: "1 frame", "3 000 frames" with thin spaces. */
export function count(value: number, noun: string): string {
  return `${whole(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A whole number with thin spaces between thousands. */
export function whole(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, '\u2009');
}

/** A measured value to two figures or one place. */
export function round(value: number): string {
  return value >= 1 || value === 0 ? String(Math.round(value * 10) / 10) : value.toPrecision(2);
}

/** A number of bytes in binary units. */
export function bytes(value: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
  return `${round(value / 1024 ** power)} ${units[power]}`;
}

/** Text as it stands in HTML, within an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
}
