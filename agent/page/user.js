// One user's streams, jobs, minutes, tier and limits.

import {byId, make, setText} from './dom.js';
import {number, whole} from './format.js';
import {fillMeter, makeMeter} from './segment.js';

const AT_LIMIT = {full: ', at the limit or close to it', filling: ''};

const METERS = [
  ['Active streams', whole, ({active_streams: used, limits}) => ({used, limit: limits.concurrent_streams})],
  ['Active jobs', whole, ({active_jobs: used, limits}) => ({used, limit: limits.concurrent_jobs})],
  ['Minutes used today (UTC)', number, ({used_today_minutes: used, limits}) => ({used, limit: limits.daily_minutes})],
];

export class User {
  // `onChange` is called when another user is wanted.
  constructor({onChange}) {
    this.input = byId('user');
    this.meters = METERS.map(([words, format, use]) => ({...makeMeter(words), format, use}));
    this.words = make('p', {class: 'verdict'});
    byId('user-card').append(this.words, ...this.meters.map(({row}) => row));
    this.id = '';
    let timer;
    this.input.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.pick(this.input.value.trim(), onChange), 250);
    });
  }

  pick(id, onChange) {
    if (id === this.id) return;
    this.id = id;
    byId('user-card').hidden = true;
    onChange();
  }

  get query() {
    return `api/v1/audio/stream/limits?${new URLSearchParams({user_id: this.id})}`;
  }

  show(answer) {
    // An answer may come for somebody who is no longer wanted.
    if (!answer || answer.user_id !== this.id) return;
    byId('user-card').hidden = false;
    const size = answer.limits.max_file_size_mb;
    const files = size === null ? 'files of any size' : `files up to ${number(size)} MB`;
    setText(this.words, `User ${answer.user_id}: tier ${answer.tier}, ${files}. `
      + `${answer.can_start_stream ? 'May start a stream.' : 'May not start another stream now.'}`);
    for (const meter of this.meters) fillMeter(meter, meter.use(answer), meter.format, AT_LIMIT);
  }
}
