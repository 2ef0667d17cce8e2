// Says whether the agent answers, and how old what is shown is. What is old is dimmed.

import {byId, setText} from './dom.js';
import {ago, clock} from './format.js';
import {agentNow, agentTime} from './clock.js';

// An agent that stands still does not refuse: it says nothing.
const SILENCE_MS = 8000;

export class State {
  constructor() {
    this.seen = null;
    this.version = '';
    this.paused = false;
    this.failed = false;
    this.silence = SILENCE_MS;
    setInterval(() => this.tick(), 1000);
  }

  // `period` is when the next answer is due.
  answered({state, message, version}, period) {
    this.seen = performance.now();
    this.version = version;
    this.failed = false;
    this.silence = SILENCE_MS + period;
    this.say(state, state === 'attached' ? null : message);
    document.body.classList.toggle('without', state !== 'attached');
    this.tick();
  }

  failedWith(sentence) {
    this.failed = true;
    this.say('unreachable', sentence);
    this.tick();
  }

  say(state, trouble) {
    const chip = byId('state');
    setText(chip, state);
    chip.dataset.state = state;
    const banner = byId('banner');
    banner.hidden = !trouble;
    setText(banner, trouble ? trouble[0].toUpperCase() + trouble.slice(1) : '');
  }

  tick() {
    const isSilent = !this.failed && !this.paused && this.seen !== null && performance.now() - this.seen > this.silence;
    if (isSilent) this.say('silent', 'The agent has not answered for some seconds. What is shown is what it said last.');
    const isOld = this.failed || isSilent || (this.paused && this.seen !== null);
    document.body.classList.toggle('stale', this.failed || isSilent);
    if (this.seen === null) return setText(byId('updated'), this.failed ? 'never seen' : '');
    const time = agentTime(this.seen);
    setText(byId('updated'), isOld
      ? `last seen ${clock(time)}, ${ago(time, agentNow())}`
      : `${clock(time)} · version ${this.version}`);
  }
}
