// How numbers, times and label sets are shown. Every double has a short text.

const WHOLE = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const SHORT = new Intl.NumberFormat('en', {maximumSignificantDigits: 3});
const COMPACT = new Intl.NumberFormat('en', {notation: 'compact', maximumSignificantDigits: 3});
const MOST_COMPACT = 1e15;
const MOST_SCALED = 1e6;  // more of the largest unit than this says nothing to anybody

// Numbers that JSON cannot express come as text: "NaN", "+Inf", and integers too large to be exact.
export function toNumber(value) {
  if (typeof value === 'number') return value;
  if (value === null || value === undefined) return null;
  if (value === '+Inf') return Infinity;
  if (value === '-Inf') return -Infinity;
  return Number(value);
}

// The text of a number that is too large or too small for digits, or none at all; null for all others.
function unusual(value) {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Math.abs(value) >= MOST_COMPACT) return value.toExponential(2);
  return value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(1) : null;
}

const plain = (value) => (value === 0 ? 0 : value);  // without the sign of -0

export function number(value) {
  const size = Math.abs(value);
  const special = unusual(value);
  if (special) return special;
  if (size >= 10000) return COMPACT.format(value);
  if (size >= 100 || Number.isInteger(value)) return WHOLE.format(plain(value));
  return SHORT.format(value);
}

export function whole(value) {
  return unusual(value) ?? WHOLE.format(plain(value));
}

function scaled(value, steps) {
  const size = Math.abs(value);
  const step = steps.find(([least]) => size >= least) ?? steps[steps.length - 1];
  const shown = value / step[0];
  if (!(Math.abs(shown) < MOST_SCALED)) return `${number(value)} ${steps.find(([least]) => least === 1)[1]}`;
  return `${unusual(shown) ?? (Math.abs(shown) < 10000 ? SHORT.format(plain(shown)) : number(shown))} ${step[1]}`;
}

export function bytes(value) {
  return scaled(value, [[2 ** 50, 'PiB'], [2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [1024, 'KiB'], [1, 'B']]);
}

export function seconds(value) {
  if (value === 0) return '0 s';
  return scaled(value, [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's'], [1e-3, 'ms'], [1e-6, 'µs'], [1e-9, 'ns']]);
}

export function perSecond(value) {
  return `${number(value)}/s`;
}

// Metrics by this name are moments, in seconds since 1970.
export function isInstant(family) {
  return /_(timestamp|start_time)(_seconds)?$/.test(family.name) && ['seconds', ''].includes(family.unit);
}

// Chooses the format of a family's values by its unit. Many families have the unit only in their name.
// `now` is the agent's time.
export function unitFormat(family, now) {
  if (isInstant(family)) return (value) => instant(value, now);
  if (family.unit === 'seconds' || family.name.endsWith('_seconds')) return seconds;
  if (family.unit === 'bytes' || family.name.endsWith('_bytes')) return bytes;
  return number;
}

export function labelsText(labels) {
  const pairs = Object.entries(labels);
  if (pairs.length === 1 && pairs[0][0] === 'otel_metric_overflow') return 'beyond the series limit';
  return pairs.map(([name, value]) => `${name}="${value}"`).join(', ');
}

// Both are milliseconds by the same clock.
export function ago(time, now) {
  const past = Math.round((now - time) / 1000);
  const size = Math.abs(past);
  const units = [[365.25 * 86400, 'years'], [86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const [step, unit] = units.find(([least]) => size >= least) ?? [1, 's'];
  const text = `${whole(Math.floor(size / step))} ${unit}`;
  return past < 0 ? `in ${text}` : `${text} ago`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit'});
const MINUTES = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit'});
const DATE = new Intl.DateTimeFormat('sv-SE', {dateStyle: 'short', timeStyle: 'medium'});
const DAY = new Intl.DateTimeFormat('sv-SE', {dateStyle: 'short'});
const LARGEST_DATE_SECONDS = 8.64e12;

export function clock(time) {
  return CLOCK.format(time);
}

// For an axis: shows seconds only where they are not 0.
export function axisClock(time) {
  return time % 60000 === 0 ? MINUTES.format(time) : CLOCK.format(time);
}

// A moment in seconds since 1970, with the day and how long ago it was.
export function instant(value, now) {
  if (!(Math.abs(value) <= LARGEST_DATE_SECONDS)) return `${number(value)} s`;
  const past = now === null ? '' : `, ${ago(value * 1000, now)}`;
  return `${DATE.format(value * 1000)}${past}`;
}

// The same for an axis of which `span` seconds are shown.
export function axisInstant(value, span) {
  if (!(Math.abs(value) <= LARGEST_DATE_SECONDS)) return number(value);
  return (span < 86400 ? CLOCK : DAY).format(value * 1000);
}
