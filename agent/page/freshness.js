// What is said beside a number that is not known now.

import {ago, clock} from './format.js';
import {agentNow, agentTime} from './clock.js';

// `text` is what was true at the history's newest known sample.
export function summaryOf(history, text) {
  if (history.isKnownNow) return text;
  const {latest} = history;
  if (!latest) return 'unknown now';
  const time = agentTime(latest.perf);
  return `unknown now; last seen ${clock(time)}, ${ago(time, agentNow())}: ${text}`;
}

export function timesOf(history) {
  return history.samples.map(({perf}) => agentTime(perf));
}
