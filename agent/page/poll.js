// Asks the agent again and again. While it does not answer, the page asks less and less often, so that not
// every open page asks a restarted agent at once.

import {noteTime} from './clock.js';

const PERIOD_MS = 2000;
const HIDDEN_PERIOD_MS = 10000;
const LONGEST_PERIOD_MS = 30000;
const PATIENCE_MS = 10000;

// Not location.href: fetch() refuses an address that contains a user and a password.
const BASE = location.origin + location.pathname;

// The answer as JSON, with `perf`: when it came, by performance.now().
export async function ask(path) {
  const answer = await fetch(new URL(path, BASE), {cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS)});
  noteTime(Date.parse(answer.headers.get('Date')));
  if (answer.status === 400) throw new WrongQuestion((await answer.json()).detail);
  if (!answer.ok) throw new Error(`it answered with status ${answer.status}`);
  return {...await answer.json(), perf: performance.now()};
}

// The agent does not take what the user typed, and says why.
export class WrongQuestion extends Error {}

export class Poller {
  // `look` fetches everything once. Its result goes to `onAnswer`, what it throws to `onFailure`.
  constructor({look, onAnswer, onFailure}) {
    this.look = look;
    this.onAnswer = onAnswer;
    this.onFailure = onFailure;
    this.failures = 0;
    this.running = false;
    this.paused = false;
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.now();
    });
  }

  // Asks now, unless an answer is already on its way.
  async now() {
    clearTimeout(this.timer);
    if (this.running || this.paused) return;
    this.running = true;
    const show = await this.look().then((answer) => {
      this.failures = 0;
      return () => this.onAnswer(answer, this.period());
    }, (error) => {
      this.failures += 1;
      return () => this.onFailure(error, this.period());
    });
    try {
      if (!this.paused) show();
    } finally {
      // Also if showing failed, which is not the agent's fault: polling must go on.
      this.running = false;
      if (!this.paused) this.timer = setTimeout(() => this.now(), this.period());
    }
  }

  pause() {
    this.paused = true;
    clearTimeout(this.timer);
  }

  resume() {
    this.paused = false;
    this.now();
  }

  period() {
    const period = document.hidden ? HIDDEN_PERIOD_MS : PERIOD_MS;
    return Math.max(period, Math.min(PERIOD_MS * 2 ** (this.failures - 1), LONGEST_PERIOD_MS));
  }
}
