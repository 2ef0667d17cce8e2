// How full the segment is.

import {byId, make, setText} from './dom.js';
import {bytes, toNumber, whole} from './format.js';

const NEARLY_FULL = 0.9;
const FILLING = 0.75;

const METERS = [
  ['bytes', 'Memory', bytes],
  ['series', 'Series', whole],
  ['worker_slots', 'Worker slots', whole],
  ['leases', 'Leases', whole],
  ['ledger', 'Places in the ledger', whole],
];

export function makeMeter(words) {
  const bar = make('div', {class: 'bar', role: 'meter', 'aria-label': words, 'aria-valuemin': '0', 'aria-valuemax': '100'}, make('div'));
  const value = make('span', {class: 'value'});
  return {row: make('div', {class: 'meter'}, make('span', {class: 'name'}, words), value, bar), bar, value};
}

// Without a limit (null) the bar stays empty.
export function fillMeter({row, bar, value}, {used, limit}, format, words = {full: ', nearly full', filling: ', filling up'}) {
  const share = limit === null ? 0 : limit > 0 ? used / limit : 1;
  const level = limit === null ? 'fine' : share >= NEARLY_FULL ? 'full' : share >= FILLING ? 'filling' : 'fine';
  const text = `${format(used)} of ${limit === null ? 'unlimited' : format(limit)}${words[level] ?? ''}`;
  row.dataset.level = level;
  setText(value, text);
  bar.setAttribute('aria-valuenow', (share * 100).toFixed(1));
  bar.setAttribute('aria-valuetext', text);
  bar.firstChild.style.width = `${Math.min(100, share * 100)}%`;
}

export class Segment {
  constructor() {
    this.meters = METERS.map(([key, words, format]) => ({...makeMeter(words), key, format}));
    this.bars = make('div', {}, ...this.meters.map(({row}) => row));
    this.absence = make('p', {}, 'There is no segment to read.');
    this.note = make('p', {class: 'note'});
    byId('segment').append(this.bars, this.absence, this.note);
  }

  show({segment, skipped, path}) {
    this.bars.hidden = !segment;
    this.absence.hidden = Boolean(segment);
    if (segment) {
      for (const meter of this.meters) {
        const {used, limit} = segment[meter.key];
        fillMeter(meter, {used: toNumber(used), limit: toNumber(limit)}, meter.format);
      }
    }
    const damage = skipped > 0 ? `: ${whole(skipped)} records made no sense and were passed over.` : '';
    setText(this.note, path + damage);
  }
}
