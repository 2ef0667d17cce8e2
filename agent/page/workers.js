// The table of worker processes.

import {byId, make, setText} from './dom.js';
import {ago, whole} from './format.js';

const MOST_ROWS = 100;

// Living workers first, then the dead, the latest started first.
function order(a, b) {
  if (a.alive !== b.alive) return a.alive ? -1 : 1;
  return a.alive ? a.slot - b.slot : Date.parse(b.started) - Date.parse(a.started);
}

function makeRow() {
  return make('tr', {}, make('td', {}, make('span', {class: 'life'})), make('td', {class: 'name'}), make('td', {class: 'number'}),
    make('td', {class: 'number'}), make('td', {class: 'number'}), make('td', {}, make('time')));
}

// What is not known to be an orderly end is shown as a death.
function deathOf({end}) {
  return end === 'ended' || end === 'exec' ? end : 'dead';
}

function fillRow(row, worker, now) {
  const [state, name, pid, slot, leases, started] = row.children;
  row.className = worker.alive ? 'alive' : 'dead';
  setText(state.firstChild, worker.alive ? 'alive' : deathOf(worker));
  setText(name, worker.name || '(no name)');
  setText(pid, String(worker.pid));
  setText(slot, String(worker.slot));
  setText(leases, whole(worker.leases));
  const time = started.firstChild;
  setText(time, ago(Date.parse(worker.started), now));
  time.dateTime = worker.started;
  time.title = worker.started;
}

function summary({alive, slots}, left) {
  const dead = slots.used - alive;
  const shown = left > 0 ? ` ${whole(left)} of them are not shown.` : '';
  return `${whole(alive)} alive, ${whole(dead)} dead. A dead worker's slot goes to the next that starts.${shown}`;
}

// `now` is the agent's time. `answer` is null where there is no segment.
export function showWorkers(answer, now) {
  const body = byId('workers').tBodies[0];
  const workers = [...answer?.workers ?? []].sort(order);
  const shown = workers.slice(0, MOST_ROWS);
  while (body.rows.length > shown.length) body.lastChild.remove();
  while (body.rows.length < shown.length) body.append(makeRow());
  shown.forEach((worker, i) => fillRow(body.rows[i], worker, now));
  if (!answer) return setText(byId('workers-summary'), 'No worker is known: there is no segment to read.');
  setText(byId('workers-summary'), workers.length === 0
    ? 'No worker has set a gauge or taken a lease yet. Those that only count need no slot, and are not listed.'
    : summary(answer, workers.length - shown.length));
}
