// What workers asked for and did not get, by reason, with what to do about it.

import {byId, make, setText} from './dom.js';
import {clock, toNumber, whole} from './format.js';
import {agentTime} from './clock.js';
import {History} from './history.js';

export const REFUSALS_FAMILY = 'shmetrics_refusals_total';

// Keys are the reasons of shmetrics_refusals_total.
const WORDS = {
  invalid_definition: ['Metrics with a bad definition', 'Correct the name, the label names or the buckets; the registration returned an error that says which.'],
  conflict: ['Metrics defined in two ways', 'Two workers register one name with different types, labels or buckets: make them alike. The later one counts for itself alone.'],
  name_collision: ['Metrics whose sample names collide', 'Rename one of both: another metric already exposes one of its names.'],
  invalid_labels: ['Label sets with bad values', 'Pass one value for each label, in UTF-8, and shorter ones.'],
  series_limit: ['Label sets beyond a series limit', 'They count in one overflow series. Look for a label with too many values, or raise series_limit or family_series_limit.'],
  segment_full: ['The segment was full', 'Raise the size of the segment, remove its file, and restart the workers.'],
  out_of_memory: ['No memory to grow', 'Give the tmpfs or the control group more memory.'],
  no_free_slot: ['Workers without a slot', 'Their gauges are not shown. Raise worker_slots, or run fewer workers.'],
  corrupt: ['Damaged records', 'Another program wrote into the segment. Remove its file and restart the workers.'],
  lease_table_full: ['Leases beyond the limit', 'Raise the limit of leases, or look for leases that nobody releases.'],
  ledger_full: ['Users beyond the ledger', 'Their minutes are not limited. Raise the limit of the ledger.'],
  busy: ['Decisions not made in time', 'Another process held the lock too long: look for stopped or starved workers.'],
  foreign_namespace: ['Leases from another PID namespace', 'Let the workers share one PID namespace, or set shared_pid_namespaces.'],
  unrecoverable: ['A lock that is lost for good', 'Remove the segment file and restart the workers.'],
  invalid_exemplar: ['Bad exemplars', 'The observations count, the exemplars do not: shorten or correct their labels.'],
  not_openable: ['Workers that may not open the file again', 'Let them attach before they give up their rights, or let their user read and write the file.'],
  absent: ['Decisions without a segment', 'Let the workers reach the path of the segment; a folder may be gone, or they are in a chroot.'],
  unknown: ['The kernel did not say', 'Mount /proc for the workers and let them open files.'],
  not_followed: ['Workers that did not follow a replaced segment', 'Restart them. Do not remove the file while workers run.'],
};

function wordsOf(reason) {
  return WORDS[reason] ?? [reason.replaceAll('_', ' '), 'The README of the agent says what it means.'];
}

// How much each reason grew within the history.
function growth(history) {
  const grown = new Map();
  for (const {key} of history.latest?.family.keyed ?? []) {
    const known = history.samples.filter((sample) => sample.family).map((sample) => sample.series.get(key)).filter((value) => value !== null);
    grown.set(JSON.parse(key).reason, known.length > 1 ? known.at(-1) - known[0] : 0);
  }
  return grown;
}

function makeRow() {
  return make('li', {}, make('span', {class: 'reason'}), make('span', {class: 'times'}), make('code'), make('p', {class: 'remedy'}));
}

export class Refusals {
  constructor() {
    this.history = new History();
    this.refusals = null;
  }

  replace(answer) {
    this.history.replace(answer, REFUSALS_FAMILY);
  }

  // `refusals` maps reasons to counts; null if they are not known.
  show(refusals) {
    const list = byId('refusals');
    const grown = growth(this.history);
    const all = Object.entries(refusals ?? {}).map(([reason, count]) => ({reason, count: toNumber(count), recent: grown.get(reason) ?? 0}));
    all.sort((a, b) => b.recent - a.recent || b.count - a.count);
    setText(byId('refusals-summary'), this.summary(refusals, all));
    byId('refusals-summary').className = refusals && all.length === 0 ? 'fine' : 'note';
    while (list.children.length > all.length) list.lastChild.remove();
    while (list.children.length < all.length) list.append(makeRow());
    all.forEach((one, i) => this.fill(list.children[i], one));
  }

  summary(refusals, all) {
    if (!refusals) return 'Not known: there is no segment to read.';
    if (all.length === 0) return 'Nothing was refused.';
    if (all.some(({recent}) => recent > 0)) return 'Still going on, or within the last ten minutes:';
    const [first] = this.history.samples;
    return first ? `Nothing since ${clock(agentTime(first.perf))}. Before that:` : 'When it was is not known yet:';
  }

  fill(row, {reason, count, recent}) {
    const [title, remedy] = wordsOf(reason);
    const [name, times, code, text] = row.children;
    row.className = recent > 0 ? 'recent' : 'past';
    setText(name, title);
    setText(times, recent > 0 ? `${whole(count)}, ${whole(recent)} of them in the last ten minutes` : `${whole(count)}`);
    setText(code, reason);
    setText(text, remedy);
  }
}
