// Makes lines of a chart from the history of a family: its most active series, and the rest as one.

import {labelsText} from './format.js';
import {rates} from './rates.js';

export const MOST_LINES = 8;

const isCounted = (family) => family.type !== 'gauge';

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

// The agent puts the most active series first, and it lets one overtake another only by a margin. So the lines do not
// change with every answer. `absent` is the value of a series that is not known at a moment: null, or 0 in a stack,
// where it is part of the rest. Lines of counters also have their `counts`.
export function linesOf(history, slots, {name = labelsText, absent = null, withRest = false} = {}) {
  const latest = history.latest;
  if (!latest) return [];
  const counted = isCounted(latest.family);
  const keys = giveSlots(latest.family.keyed.slice(0, MOST_LINES).map(({key}) => key), slots);
  const lines = keys.map((key) => {
    const read = (sample) => sample.series.get(key) ?? null;
    return {
      slot: slots.get(key),
      name: name(JSON.parse(key)) || latest.family.name,
      values: valuesOf(history.samples, counted ? read : (sample) => read(sample) ?? absent, counted),
      counts: counted ? valuesOf(history.samples, read, false) : null,
    };
  });
  const others = latest.family.series - lines.length;
  if (others > 0 && (withRest || counted)) {
    lines.push({
      slot: null,
      name: others === 1 ? '1 other' : `${others.toLocaleString('en')} others`,
      values: rest(history, lines, counted),
      counts: null,
    });
  }
  return lines;
}
