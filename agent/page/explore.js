// Any metric that the user picks: its series over the last minutes.

import {byId, setText} from './dom.js';
import {number, perSecond, unitFormat, whole} from './format.js';
import {Chart} from './chart.js';
import {History} from './history.js';
import {linesOf} from './lines.js';
import {distributions} from './rates.js';

const TITLES = {counter: 'Increase per second', gauge: 'Values', histogram: 'Observations per second'};

function about(family) {
  return [family.type, family.unit, `${whole(family.series)} series`, family.description].filter(Boolean).join(' · ');
}

function distributionLines(samples) {
  const found = distributions(samples);
  return [['mean', 'mean'], ['p50', 'median (estimated)'], ['p95', '95th percentile (estimated)']].map(
    ([key, name], slot) => ({slot, name, values: found.map((one) => one[key])}));
}

export class Explorer {
  constructor() {
    this.name = null;
    this.values = new Chart(byId('values'));
    this.distribution = new Chart(byId('distribution'));
  }

  // Forgets the samples of the former family: they would have a gap, because nothing is fetched for a family
  // not shown.
  pick(family) {
    this.name = family.name;
    this.history = new History();
    this.slots = new Map();
    this.describe(family);
    byId('values').classList.add('empty');
    byId('distribution').hidden = family.type !== 'histogram';
    byId('explored').classList.toggle('single', family.type !== 'histogram');
  }

  describe(family) {
    setText(byId('about'), about(family));
  }

  add(time, timestamp, families) {
    if (!this.name) return;
    const family = families?.find(({name}) => name === this.name);
    this.history.add(time, timestamp, family);
    if (family) this.describe(family);
    this.draw(time);
  }

  draw(now) {
    const latest = this.history.latest;
    if (!latest) return;
    const {family} = latest;
    const times = this.history.samples.map((sample) => sample.time);
    const lines = linesOf(this.history, this.slots);
    this.values.show({
      title: TITLES[family.type] ?? 'Values',
      summary: this.summary(family, lines),
      times, lines, now,
      format: family.type === 'gauge' ? unitFormat(family) : perSecond,
    });
    if (family.type !== 'histogram') return;
    this.distribution.show({
      title: 'Mean and quantiles',
      summary: 'of all series together',
      times, lines: distributionLines(this.history.samples), now,
      format: unitFormat(family),
    });
  }

  // The values of a gauge do not always add up, so for gauges the rest is only counted.
  summary(family, lines) {
    const left = family.series - lines.length;
    if (family.type === 'gauge' && left > 0) {
      return `the ${lines.length} largest of ${whole(family.series)} series; ${whole(left)} not shown`;
    }
    const total = family.type === 'gauge' ? null : lines.reduce((sum, line) => sum + (line.values.at(-1) ?? 0), 0);
    return total === null ? whole(family.series) + ' series' : `${number(total)}/s in all`;
  }
}
