// How full the segment is, and which requests of workers were refused.

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

function makeMeter(words) {
  const bar = make('div', {class: 'bar', role: 'meter', 'aria-label': words, 'aria-valuemin': '0', 'aria-valuemax': '100'}, make('div'));
  const value = make('span', {class: 'value'});
  return {row: make('div', {class: 'meter'}, make('span', {class: 'name'}, words), value, bar), bar, value};
}

function fillMeter({row, bar, value}, {used, limit}, format) {
  const share = limit > 0 ? used / limit : 0;
  const level = share >= NEARLY_FULL ? 'full' : share >= FILLING ? 'filling' : 'fine';
  const word = {full: ', nearly full', filling: ', filling up', fine: ''}[level];
  const text = `${format(used)} of ${format(limit)}${word}`;
  row.dataset.level = level;
  setText(value, text);
  bar.setAttribute('aria-valuenow', (share * 100).toFixed(1));
  bar.setAttribute('aria-valuetext', text);
  bar.firstChild.style.width = `${Math.min(100, share * 100)}%`;
}

function refusalsText(refusals) {
  const all = Object.entries(refusals);
  if (all.length === 0) return 'Nothing was refused.';
  return `Refused: ${all.map(([reason, count]) => `${reason.replaceAll('_', ' ')} ${whole(toNumber(count))}`).join(', ')}.`;
}

export class Segment {
  constructor() {
    this.meters = METERS.map(([key, words, format]) => ({...makeMeter(words), key, format}));
    this.bars = make('div', {}, ...this.meters.map(({row}) => row));
    this.refusals = make('p');
    this.note = make('p', {class: 'note'});
    byId('segment').append(this.bars, this.refusals, this.note);
  }

  show({segment, refusals, skipped, path}) {
    this.bars.hidden = !segment;
    if (segment) {
      for (const meter of this.meters) fillMeter(meter, segment[meter.key], meter.format);
    }
    setText(this.refusals, segment ? refusalsText(refusals) : 'There is no segment to read.');
    this.refusals.classList.toggle('warning', Object.keys(refusals).length > 0);
    const damage = skipped > 0 ? `: ${whole(skipped)} records made no sense and were passed over.` : '';
    setText(this.note, path + damage);
  }
}
