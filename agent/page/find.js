// Finds one series of very many by words. The agent searches, so that the page does not fetch them all.

import {byId, make, setText} from './dom.js';
import {labelsText, number, perSecond, toNumber, unitFormat, whole} from './format.js';
import {agentNow} from './clock.js';

const MOST_ROWS = 20;
// A rate needs some time between two values.
const SHORTEST_SECONDS = 1;

function makeRow() {
  return make('tr', {}, make('td', {class: 'name'}), make('td', {class: 'number'}), make('td', {class: 'number'}));
}

const keyOf = ({name, labels}) => JSON.stringify([name, labels]);
const eventsOf = (series) => toNumber(series.count ?? series.value);

export class Finder {
  // `onChange` is called when something else is searched for.
  constructor({onChange}) {
    this.input = byId('find');
    this.text = '';
    this.before = new Map();
    let timer;
    this.input.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.search(this.input.value.trim(), onChange), 250);
    });
  }

  search(text, onChange) {
    if (text === this.text) return;
    this.text = text;
    this.before.clear();
    byId('found').hidden = true;
    setText(byId('found-summary'), text ? 'Searching …' : '');
    onChange();
  }

  get query() {
    return `api/v1/series?${new URLSearchParams({search: this.text, top: MOST_ROWS})}`;
  }

  // `error` instead of an answer says in words what was wrong with the search.
  show({answer, text, error}) {
    if (text !== this.text) return;  // an answer to an earlier search
    const found = answer?.series ?? [];
    byId('found').hidden = found.length === 0;
    setText(byId('found-summary'), error ?? this.summary(answer));
    const body = byId('found').tBodies[0];
    while (body.rows.length > found.length) body.lastChild.remove();
    while (body.rows.length < found.length) body.append(makeRow());
    const time = Date.parse(answer?.timestamp) / 1000;
    found.forEach((series, i) => this.fill(body.rows[i], series, time));
  }

  summary({series, matches, searched, complete}) {
    if (matches === 0) return `None of ${whole(searched)} series has all of these words.${complete ? '' : ' There are more that were not searched.'}`;
    const more = matches > series.length ? `the best ${series.length} of ${whole(matches)} matches` : `${whole(matches)} found`;
    return `${more} in ${whole(searched)} series${complete ? '' : '; there are more that were not searched'}`;
  }

  fill(row, series, time) {
    const [name, value, rate] = row.cells;
    setText(name, series.name + (Object.keys(series.labels).length > 0 ? `{${labelsText(series.labels)}}` : ''));
    const isGauge = series.type === 'gauge';
    setText(value, isGauge ? unitFormat(series, agentNow())(toNumber(series.value)) : number(eventsOf(series)));
    setText(rate, isGauge ? '' : this.rateOf(series, time));
  }

  // Since the series was found first, or in the last ten seconds of that.
  rateOf(series, time) {
    const key = keyOf(series);
    const seen = (this.before.get(key) ?? []).filter((one) => time - one.time <= 12);
    seen.push({time, value: eventsOf(series)});
    this.before.set(key, seen);
    const [first] = seen;
    const grown = seen.at(-1).value - first.value;
    return time - first.time >= SHORTEST_SECONDS && grown >= 0 ? perSecond(grown / (time - first.time)) : '–';
  }
}
