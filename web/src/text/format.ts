const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P'];

/** 12,345,678 as `12.3 M`. */
export function short(value: number, unit = ''): string {
  if (!Number.isFinite(value)) return '–';
  let power = 0;
  let rest = value;
  while (Math.abs(rest) >= 1000 && power < PREFIXES.length - 1) {
    rest /= 1000;
    power++;
  }
  const digits = power === 0 ? (Number.isInteger(rest) ? 0 : 1) : rest < 10 ? 2 : rest < 100 ? 1 : 0;
  return `${rest.toFixed(digits)} ${PREFIXES[power]}${unit}`.trim();
}

/** Bytes in powers of 1024. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let power = 0;
  let rest = value;
  while (rest >= 1024 && power < units.length - 1) {
    rest /= 1024;
    power++;
  }
  return `${rest.toFixed(power === 0 || rest >= 100 ? 0 : 1)} ${units[power]}`;
}

/** `1 h 02 min`, `3 min 05 s`, `12 s`, `0.42 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.round(minutes / 60 / 24)} days`;
}

/** A moment in the reader's own zone. */
export function moment(ms: number): string {
  const date = new Date(ms);
  const sameDay = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(undefined, {
    ...(!sameDay && { year: 'numeric', month: 'short', day: 'numeric' }),
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/** What a job is called in a list: the last part of its output's name, with the folder where that part is a pattern. */
export function baseName(name: string): string {
  const parts = name.replace(/\/+$/, '').split(/[/:]/);
  return parts.slice(parts.at(-1)?.includes('{') ? -2 : -1).join('/') || name;
}
