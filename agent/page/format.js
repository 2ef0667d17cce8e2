// How numbers, times and label sets are shown.

const WHOLE = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const SHORT = new Intl.NumberFormat('en', {maximumSignificantDigits: 3});
const COMPACT = new Intl.NumberFormat('en', {notation: 'compact', maximumSignificantDigits: 3});

// Numbers that JSON cannot express come as text: "NaN", "+Inf", and integers too large to be exact.
export function toNumber(value) {
  if (typeof value === 'number') return value;
  if (value === '+Inf') return Infinity;
  if (value === '-Inf') return -Infinity;
  return Number(value);
}

export function number(value) {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return String(value);
  if (size >= 10000) return COMPACT.format(value);
  if (size >= 100 || Number.isInteger(value)) return WHOLE.format(value);
  if (size < 0.001 && size > 0) return value.toExponential(1);
  return SHORT.format(value);
}

export function whole(value) {
  return WHOLE.format(value);
}

function scaled(value, steps) {
  const step = steps.find(([size]) => Math.abs(value) >= size) ?? steps[steps.length - 1];
  return `${SHORT.format(value / step[0])} ${step[1]}`;
}

export function bytes(value) {
  return scaled(value, [[2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [1024, 'KiB'], [1, 'B']]);
}

export function seconds(value) {
  if (value === 0) return '0 s';
  return scaled(value, [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's'], [1e-3, 'ms'], [1e-6, 'µs'], [1e-9, 'ns']]);
}

export function perSecond(value) {
  return `${number(value)}/s`;
}

// Chooses the format of a family's values by its unit. Many families have the unit only in their name.
export function unitFormat(family) {
  if (family.unit === 'seconds' || family.name.endsWith('_seconds')) return seconds;
  if (family.unit === 'bytes' || family.name.endsWith('_bytes')) return bytes;
  return number;
}

export function labelsText(labels) {
  const pairs = Object.entries(labels);
  if (pairs.length === 1 && pairs[0][0] === 'otel_metric_overflow') return 'beyond the series limit';
  return pairs.map(([name, value]) => `${name}="${value}"`).join(', ');
}

export function ago(time, now) {
  const past = Math.max(0, Math.round((now - time) / 1000));
  if (past < 60) return `${past} s ago`;
  if (past < 3600) return `${Math.floor(past / 60)} min ago`;
  if (past < 86400) return `${Math.floor(past / 3600)} h ago`;
  return `${Math.floor(past / 86400)} d ago`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit'});
const MINUTES = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit'});

export function clock(time) {
  return CLOCK.format(time);
}

// For an axis: shows seconds only where they are not 0.
export function axisClock(time) {
  return time % 60000 === 0 ? MINUTES.format(time) : CLOCK.format(time);
}
