// Chooses the series of a family that become lines of a chart: the largest few, and the rest as one.

import {labelsText} from './format.js';
import {rates} from './rates.js';

export const MOST_LINES = 8;

const isCounted = (family) => family.type !== 'gauge';

// Scores series by all the time shown, so that lines do not come and go with every sample.
function scores(samples, counted) {
  const found = new Map();
  for (const sample of samples) {
    if (!sample.family) continue;
    for (const [key, {value}] of sample.series) {
      const score = found.get(key) ?? {first: value, last: value, sum: 0};
      score.last = value;
      score.sum += Number.isFinite(value) ? value : 0;
      found.set(key, score);
    }
  }
  return new Map([...found].map(([key, score]) => [key, counted ? score.last - score.first : score.sum]));
}

function largest(history, counted) {
  const ranked = [...scores(history.samples, counted)].sort((a, b) => b[1] - a[1]).slice(0, MOST_LINES);
  return ranked.map(([key]) => key);
}

// A series keeps its colour while it is shown: `slots` remembers it from one call to the next.
function giveSlots(keys, slots) {
  for (const key of [...slots.keys()]) {
    if (!keys.includes(key)) slots.delete(key);
  }
  const taken = new Set(slots.values());
  const free = [...Array(MOST_LINES).keys()].filter((slot) => !taken.has(slot));
  for (const key of keys) {
    if (!slots.has(key)) slots.set(key, free.shift());
  }
  return [...keys].sort((a, b) => slots.get(a) - slots.get(b));
}

function valuesOf(samples, read, counted) {
  if (counted) return rates(samples, read);
  return samples.map((sample) => (sample.family ? read(sample) : null));
}

// The part that the lines do not show: the total of all series minus the lines.
function rest(history, lines, counted) {
  const totals = valuesOf(history.samples, (sample) => sample.total.value, counted);
  return totals.map((total, i) => (total === null
    ? null
    : Math.max(0, lines.reduce((left, line) => left - (line.values[i] ?? 0), total))));
}

// `absent` is the value of a series that the agent did not send: null, or 0 in a stack, where it is part of
// the rest.
export function linesOf(history, slots, {name = labelsText, absent = null, withRest = false} = {}) {
  const latest = history.latest;
  if (!latest) return [];
  const counted = isCounted(latest.family);
  const keys = giveSlots(largest(history, counted), slots);
  const lines = keys.map((key) => ({
    slot: slots.get(key),
    name: name(JSON.parse(key)) || latest.family.name,
    values: valuesOf(history.samples, (sample) => sample.series.get(key)?.value ?? (counted ? null : absent), counted),
  }));
  const others = latest.family.series - lines.length;
  if (others > 0 && (withRest || counted)) {
    lines.push({
      slot: null,
      name: others === 1 ? '1 other' : `${others.toLocaleString('en')} others`,
      values: rest(history, lines, counted),
    });
  }
  return lines;
}
