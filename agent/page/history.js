// One metric family over the last minutes, as the agent remembers it. What the agent has forgotten by a restart, the
// browser keeps.

import {toNumber} from './format.js';

export const HISTORY_MS = 10 * 60 * 1000;
const LONGEST_STEPS_WITHOUT_GAP = 2.5;

function seriesAt(family, i) {
  const series = new Map();
  for (const {key, values} of family.keyed) series.set(key, toNumber(values[i]));
  return series;
}

function totalAt(family, i) {
  const value = toNumber(family.total[i]);
  if (family.type !== 'histogram') return {value};
  return {
    value,
    sum: toNumber(family.sum[i]),
    buckets: family.buckets.map(({le, counts}) => ({le: toNumber(le), count: toNumber(counts[i])})),
  };
}

// The samples of one answer. `perf` is the time by performance.now(), which goes on evenly; the agent's clock may be
// set. A sample without `family` is a gap: nothing is known of that moment.
function samplesOf(answer, name) {
  const found = answer.families.find((family) => family.name === name);
  const family = found && {...found, keyed: found.top.map(({labels, values}) => ({key: JSON.stringify(labels), values}))};
  const received = Date.parse(answer.timestamp);
  const breaks = new Set(answer.breaks);
  return answer.times.map((time, i) => {
    const perf = answer.perf - (received - time * 1000);
    if (!family || family.total[i] === null) return {perf, at: perf / 1000, family: null};
    return {perf, at: perf / 1000, family, total: totalAt(family, i), series: seriesAt(family, i), isBreak: breaks.has(time)};
  });
}

export class History {
  samples = [];

  // `answer` is one of /api/v1/history, with `perf`: performance.now() when it came.
  replace(answer, name) {
    const fresh = samplesOf(answer, name);
    const begin = fresh[0]?.perf ?? answer.perf;
    const step = answer.step_seconds * 1000;
    const kept = this.samples.filter(({perf}) => perf < begin - step / 2);
    const last = kept.at(-1);
    if (last?.family && begin - last.perf > LONGEST_STEPS_WITHOUT_GAP * step) kept.push({perf: begin - step, family: null});
    this.samples = [...kept, ...fresh].filter(({perf}) => perf >= answer.perf - HISTORY_MS);
    this.wasAnswered = true;
  }

  // The agent did not answer, so nothing is known of this moment.
  addGap(perf) {
    if (this.samples.length > 0) this.samples.push({perf, family: null});
  }

  get last() {
    return this.samples[this.samples.length - 1];
  }

  // The newest sample that is not a gap.
  get latest() {
    return this.samples[this.latestIndex];
  }

  get latestIndex() {
    return this.samples.findLastIndex((sample) => sample.family);
  }

  get isKnownNow() {
    return Boolean(this.last?.family);
  }
}
