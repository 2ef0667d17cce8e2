// Any metric that the user picks: its series over the last minutes.

import {byId, setText} from './dom.js';
import {axisInstant, isInstant, number, perSecond, unitFormat, whole} from './format.js';
import {agentNow} from './clock.js';
import {Chart} from './chart.js';
import {summaryOf, timesOf} from './freshness.js';
import {History} from './history.js';
import {linesOf} from './lines.js';
import {distributions, rates} from './rates.js';

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
    this.family = null;
    this.values = new Chart(byId('values'));
    this.distribution = new Chart(byId('distribution'));
  }

  get name() {
    return this.family?.name ?? null;
  }

  pick(family) {
    if (family.name !== this.name) {
      this.history = new History();
      this.slots = new Map();
      byId('values').classList.add('empty');
    }
    this.family = family;
    byId('explored').hidden = false;
    byId('distribution').hidden = family.type !== 'histogram';
    byId('explored').classList.toggle('single', family.type !== 'histogram');
    setText(byId('about'), about(family));
  }

  replace(answer) {
    if (!this.name) return;
    this.history.replace(answer, this.name);
    const found = answer.families.find(({name}) => name === this.name);
    if (found) setText(byId('about'), about({...this.family, ...found}));
  }

  addGap(perf) {
    this.history?.addGap(perf);
  }

  draw() {
    if (!this.history?.wasAnswered) return;
    const family = this.history.latest?.family ?? this.family;
    const isGauge = family.type === 'gauge';
    const now = agentNow();
    const common = {times: timesOf(this.history), now, isOld: !this.history.isKnownNow};
    const lines = linesOf(this.history, this.slots);
    this.values.show({
      ...common, lines,
      title: TITLES[family.type] ?? 'Values',
      summary: this.summary(family, lines),
      nothing: this.nothing(family),
      format: isGauge ? unitFormat(family, now) : perSecond,
      ...(isGauge && isInstant(family) ? {axisFormat: axisInstant, fromZero: false} : {}),
    });
    if (family.type !== 'histogram') return;
    this.distribution.show({
      ...common,
      title: 'Mean and quantiles',
      summary: summaryOf(this.history, 'of all series together'),
      nothing: 'No observation in the last ten minutes.',
      lines: distributionLines(this.history.samples),
      format: unitFormat(family, now),
    });
  }

  nothing(family) {
    if (!this.history.latest) {
      return this.history.samples.length === 0 ? 'The agent has just started: the first values come in some seconds.'
        : 'The agent has no history of this metric: no worker sets it now, or there was no room for it.';
    }
    return family.type === 'gauge' ? 'No living worker has set it.' : 'The first rate comes in some seconds.';
  }

  // The values of a gauge do not always add up, so for gauges the rest is only counted.
  summary(family, lines) {
    const {samples, latest, latestIndex} = this.history;
    if (!latest) return 'unknown now';
    if (family.type !== 'gauge') {
      const rate = rates(samples, (sample) => sample.total.value)[latestIndex];
      const words = rate === null ? '' : `${perSecond(rate)} in all · `;
      return summaryOf(this.history, `${words}${number(latest.total.value)} so far`);
    }
    const left = family.series - lines.length;
    return summaryOf(this.history, left > 0
      ? `the ${lines.length} largest of ${whole(family.series)} series; ${whole(left)} not shown`
      : `${whole(family.series)} series`);
  }
}
