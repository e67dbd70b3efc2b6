/** How numbers, moments and names are shown. Times are UTC but where they say otherwise. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(value: number | null | undefined): string {
  if (value == null) return '–';
  let unit = 0;
  let rest = value;
  while (rest >= 1024 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${UNITS[unit]}`;
}

/** A moment as `2026-11-23 10:02:11`. */
export function moment(value: string | number | null | undefined): string {
  if (value == null) return '–';
  return new Date(value).toISOString().slice(0, 19).replace('T', ' ');
}

/** A moment in the time zone of the browser, as `2026-11-23 11:02:11`. */
export function local(value: string): string {
  const at = new Date(value);
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export function clock(value: string | number): string {
  return new Date(value).toISOString().slice(11, 19);
}

/** How long ago, in its largest unit: `3 min`. */
export function age(value: string | null | undefined, now: number): string {
  if (value == null) return '–';
  const seconds = Math.max(0, Math.floor((now - Date.parse(value)) / 1000));
  const steps: [number, string][] = [
    [86400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ];
  for (const [size, unit] of steps) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return `${seconds} s`;
}

const SOON_D = 14;

/** How long something is still valid, and whether that is long enough: `for 89 d`. */
export function until(end: string, now: number): { text: string; tone: 'success' | 'warning' | 'error' } {
  const left = Date.parse(end) - now;
  if (left <= 0) return { text: 'over', tone: 'error' };
  const days = Math.floor(left / 86_400_000);
  return { text: days === 0 ? 'ends today' : `for ${days} d`, tone: days < SOON_D ? 'warning' : 'success' };
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export const isInstant = (value: unknown): value is string => typeof value === 'string' && INSTANT.test(value);

/** Any value of a document, on one line. */
export function plain(value: unknown): string {
  if (value == null || value === '') return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (isInstant(value)) return moment(value);
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map(plain).join(', ');
  if (typeof value === 'object') {
    const entries = Object.entries(value);
    const name = (value as { name?: unknown }).name;
    if (typeof name === 'string') return name;
    return entries.length === 0 ? '–' : entries.map(([key, each]) => `${key}=${plain(each)}`).join(', ');
  }
  return String(value);
}

/** What a server says of itself, by its name: `used_bytes`. */
export function figure(name: string, value: unknown): string {
  if (typeof value !== 'number') return plain(value);
  return name.endsWith('_bytes') ? bytes(value) : value.toLocaleString('en');
}

const WORDS: Record<string, string> = {
  cpus: 'cores',
  env: 'environment',
  vpc: 'VPC',
  tls: 'TLS',
  shm: 'shared memory',
  rto: 'RTO',
};
const UNITS_OF: Record<string, string> = { mb: '(MiB)', gb: '(GiB)', s: '(s)', ms: '(ms)', at: '' };

/** `memory_mb` as `Memory (MiB)`: a label for a field that has none of its own. A unit is the last part of a name. */
export function label(field: string): string {
  const parts = field.split('_');
  const unit = parts.length > 1 ? UNITS_OF[parts.at(-1)!] : undefined;
  const words = (unit !== undefined ? [...parts.slice(0, -1), unit] : parts)
    .map((part) => WORDS[part] ?? part)
    .join(' ')
    .trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A word of a command line, quoted where a shell would take it apart. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export type Tone = 'success' | 'error' | 'warning' | 'pending' | 'in-progress' | 'stopped' | 'info';

const TONES: Record<string, Tone> = {
  running: 'success',
  available: 'success',
  active: 'success',
  applied: 'success',
  completed: 'success',
  healthy: 'success',
  'in-service': 'success',
  error: 'error',
  unhealthy: 'error',
  failed: 'error',
  stopped: 'stopped',
  terminated: 'stopped',
  deleted: 'stopped',
  revoked: 'stopped',
  expired: 'stopped',
  unused: 'stopped',
  trashed: 'stopped',
  cancelled: 'stopped',
  skipped: 'stopped',
  pending: 'pending',
  initial: 'pending',
  proposed: 'pending',
  held: 'warning',
};

/** What colour a status has; whatever is neither good nor bad nor over is under way. */
export const tone = (status: string): Tone => TONES[status] ?? 'in-progress';

/** What colour an event has, by its type such as `instance.crashed`. */
export function toneOfEvent(type: string): Tone {
  if (/(failed|crashed|lost|unhealthy|missed|damaged)/.test(type)) return 'error';
  if (/requested$/.test(type)) return 'info';
  if (/(deleted|terminated|stopped|revoked)$/.test(type)) return 'stopped';
  return 'success';
}
