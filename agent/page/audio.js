// The charts of the audio metrics, and the models. They are hidden where nothing counts audio.

import {byId, setText} from './dom.js';
import {labelsText, number, perSecond, whole} from './format.js';
import {agentNow} from './clock.js';
import {Chart} from './chart.js';
import {summaryOf, timesOf} from './freshness.js';
import {History} from './history.js';
import {linesOf} from './lines.js';
import {rates} from './rates.js';

// Names of users and types need no label name: the title says what they are.
const valueAlone = (label) => (labels) => labels[label] ?? labelsText(labels);

const CHARTS = [
  {id: 'streams', family: 'audio_streaming_active', title: 'Active streams by user', label: 'user_id', word: 'active',
    nothing: 'No stream in the last ten minutes.'},
  {id: 'jobs', family: 'audio_jobs_active', title: 'Active jobs by user', label: 'user_id', word: 'active',
    nothing: 'No job in the last ten minutes.'},
  {id: 'violations', family: 'audio_quota_violations_total', title: 'Quota violations by type', label: 'type',
    nothing: 'No quota violation has been counted yet.'},
];

export const AUDIO_FAMILIES = CHARTS.map(({family}) => family);

class AudioChart {
  constructor({id, family, title, label, word, nothing}) {
    Object.assign(this, {family, title, word, nothing});
    this.name = valueAlone(label);
    this.history = new History();
    this.slots = new Map();
    this.chart = new Chart(byId(id), {stacked: true});
  }

  replace(answer) {
    this.history.replace(answer, this.family);
  }

  addGap(perf) {
    this.history.addGap(perf);
  }

  // The total of all series at the newest known moment; null if there is none.
  total() {
    const {samples, latest, latestIndex} = this.history;
    if (!latest) return null;
    return this.word ? latest.total.value : rates(samples, (sample) => sample.total.value)[latestIndex];
  }

  // As text for a tile; null if it is not known now.
  tile() {
    const total = this.history.isKnownNow ? this.total() : null;
    return total === null ? null : this.format(total);
  }

  get format() {
    return this.word ? number : perSecond;
  }

  summary() {
    const total = this.total();
    if (total === null) return this.history.latest ? 'the rate is known in some seconds' : 'unknown now';
    const count = this.word ? '' : ` · ${number(this.history.latest.total.value)} so far`;
    return summaryOf(this.history, `${this.format(total)} ${this.word ?? 'in all'}${count}`);
  }

  draw() {
    const lines = linesOf(this.history, this.slots, {name: this.name, absent: 0, withRest: true});
    this.chart.show({
      title: this.title,
      summary: this.summary(),
      nothing: this.history.latest ? this.nothing : `No worker has made ${this.family} yet.`,
      times: timesOf(this.history),
      lines,
      format: this.format,
      now: agentNow(),
      isOld: !this.history.isKnownNow,
    });
  }
}

export class Audio {
  constructor() {
    this.charts = CHARTS.map((chart) => new AudioChart(chart));
  }

  replace(answer) {
    if (answer.families.some(({name}) => AUDIO_FAMILIES.includes(name))) byId('audio').hidden = false;
    for (const chart of this.charts) chart.replace(answer);
  }

  addGap(perf) {
    for (const chart of this.charts) chart.addGap(perf);
  }

  draw() {
    if (this.isShown) for (const chart of this.charts) chart.draw();
  }

  showService({available_models: models, load}) {
    const users = `${whole(load.users_streaming)} ${load.users_streaming === 1 ? 'user streams' : 'users stream'} now.`;
    setText(byId('models'), models.length > 0
      ? `Models: ${models.join(', ')}. ${users}`
      : `No model: no living worker has announced one, and none is configured. ${users}`);
  }

  get isShown() {
    return !byId('audio').hidden;
  }

  // [words, value] of each chart, for the tiles.
  totals() {
    const [streams, jobs, violations] = this.charts.map((chart) => chart.tile());
    return [['Active streams', streams], ['Active jobs', jobs], ['Violations', violations]];
  }
}
