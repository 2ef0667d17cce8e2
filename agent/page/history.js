// One metric family over the last minutes. The browser keeps it, so it begins when the page is opened.

import {toNumber} from './format.js';

export const HISTORY_MS = 10 * 60 * 1000;

function seriesOf(family) {
  const series = new Map();
  for (const one of family.top) {
    const value = toNumber(family.type === 'histogram' ? one.count : one.value);
    series.set(JSON.stringify(one.labels), {labels: one.labels, value, sum: toNumber(one.sum)});
  }
  return series;
}

function totalOf(family) {
  if (family.type !== 'histogram') return {value: toNumber(family.total)};
  return {
    value: toNumber(family.total.count),
    sum: toNumber(family.total.sum),
    buckets: family.total.buckets.map((bucket) => ({le: toNumber(bucket.le), count: toNumber(bucket.count)})),
  };
}

export class History {
  samples = [];

  // `time` is the browser's, for the axis. `timestamp` is when the agent read the values: rates by it do not
  // depend on how long the answer took. If nothing is known, `family` is null: a gap.
  add(time, timestamp, family) {
    this.samples.push(family
      ? {time, at: Date.parse(timestamp) / 1000, family, total: totalOf(family), series: seriesOf(family)}
      : {time, family: null});
    while (this.samples[0].time < time - HISTORY_MS) this.samples.shift();
  }

  get last() {
    return this.samples[this.samples.length - 1];
  }

  // The newest sample that is not a gap.
  get latest() {
    return this.samples.findLast((sample) => sample.family);
  }
}
