// The charts of the audio metrics. They are hidden where nothing counts audio.

import {byId} from './dom.js';
import {labelsText, number, perSecond} from './format.js';
import {Chart} from './chart.js';
import {History} from './history.js';
import {linesOf} from './lines.js';
import {rates} from './rates.js';

// Names of users and types need no label name: the title says what they are.
const valueAlone = (label) => (labels) => labels[label] ?? labelsText(labels);

const CHARTS = [
  {id: 'streams', family: 'audio_streaming_active', title: 'Active streams by user', label: 'user_id', word: 'active'},
  {id: 'jobs', family: 'audio_jobs_active', title: 'Active jobs by user', label: 'user_id', word: 'active'},
  {id: 'violations', family: 'audio_quota_violations_total', title: 'Quota violations by type', label: 'type'},
];

export const AUDIO_FAMILIES = CHARTS.map(({family}) => family);

class AudioChart {
  constructor({id, family, title, label, word}) {
    this.family = family;
    this.title = title;
    this.word = word;
    this.name = valueAlone(label);
    this.history = new History();
    this.slots = new Map();
    this.chart = new Chart(byId(id), {stacked: true});
  }

  add(time, timestamp, families) {
    this.history.add(time, timestamp, families?.find(({name}) => name === this.family));
    this.draw(time);
  }

  // The total of all series now; null if it is not known.
  total() {
    const {samples, last} = this.history;
    if (!last?.family) return null;
    return this.word ? last.total.value : rates(samples, (sample) => sample.total.value).at(-1);
  }

  draw(now) {
    const total = this.total();
    const format = this.word ? number : perSecond;
    this.chart.show({
      title: this.title,
      summary: total === null ? 'unknown now' : `${format(total)} ${this.word ?? 'in all'}`,
      times: this.history.samples.map(({time}) => time),
      lines: linesOf(this.history, this.slots, {name: this.name, absent: 0, withRest: true}),
      format,
      now,
    });
  }
}

export class Audio {
  constructor() {
    this.charts = CHARTS.map((chart) => new AudioChart(chart));
  }

  add(time, timestamp, families) {
    if (families?.some(({name}) => AUDIO_FAMILIES.includes(name))) byId('audio').hidden = false;
    for (const chart of this.charts) chart.add(time, timestamp, families);
  }

  get isShown() {
    return !byId('audio').hidden;
  }

  // [words, value] of each chart, for the tiles.
  totals() {
    const [streams, jobs, violations] = this.charts.map((chart) => chart.total());
    const text = (value, format) => (value === null ? '–' : format(value));
    return [['Active streams', text(streams, number)], ['Active jobs', text(jobs, number)],
      ['Violations', text(violations, perSecond)]];
  }
}
