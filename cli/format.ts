const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes in binary units with three significant digits: `0 B`, `512 B`, `1.50 KiB`, `675 MiB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, BYTE_UNITS, ' ');
}

/** A duration at the precision that helps a reader: `0 ms`, `85 ms`, `1.83 s`, `2 min 05 s`, `3 h 20 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${digits(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${padded(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${padded(minutes % 60)} min`;
}

/** A whole number with thin groups of three: `225 000 000`. */
export function formatWhole(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ' ');
}

/** `1 tile`, `242 tiles`. */
export function counted(count: number, what: string): string {
  return `${formatWhole(count)} ${what}${count === 1 ? '' : 's'}`;
}

function scaled(value: number, base: number, units: readonly string[], gap: string): string {
  let unit = 0;
  let rest = value;
  // 999.5 would print as 1000 of the smaller unit.
  while (rest >= base - 0.5 && unit < units.length - 1) {
    rest /= base;
    unit++;
  }
  return `${unit === 0 ? Math.round(rest) : digits(rest)}${gap}${units[unit]}`;
}

/** Three significant digits without an exponent. */
function digits(value: number): string {
  if (value < 9.995) return value.toFixed(2);
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}
