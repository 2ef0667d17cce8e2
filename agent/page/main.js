// The page: fetches from the agent what is shown, and shows it.

import {byId, make, setText} from './dom.js';
import {clock, seconds, whole} from './format.js';
import {ask, Poller} from './poll.js';
import {Audio, AUDIO_FAMILIES} from './audio.js';
import {Explorer} from './explore.js';
import {Picker} from './picker.js';
import {Segment} from './segment.js';
import {showWorkers} from './workers.js';

// More series than a chart shows, so that a fast-growing one is included before it is among the largest.
const TOP = 20;

const audio = new Audio();
const explorer = new Explorer();
const segment = new Segment();
const picker = new Picker({
  fetchFamilies: async () => (await ask('api/v1/families')).families,
  onPick: explore,
});
let knownFamilies = -1;

async function look() {
  const status = await ask('api/v1/status');
  if (status.state !== 'attached') return {status};
  const names = new Set([...AUDIO_FAMILIES, ...(explorer.name ? [explorer.name] : [])]);
  const query = new URLSearchParams([...names].map((name) => ['name[]', name]));
  query.set('top', TOP);
  const [workers, top] = await Promise.all([ask('api/v1/workers'), ask(`api/v1/families?${query}`)]);
  return {status, workers, top};
}

function show({status, workers, top}) {
  const now = Date.now();
  setState(status.state, status.state === 'attached' ? null : status.message);
  setText(byId('updated'), `${clock(now)} · version ${status.version}`);
  audio.add(now, top?.timestamp, top?.families);
  explorer.add(now, top?.timestamp, top?.families);
  showWorkers(workers ?? {workers: [], alive: 0, slots: {used: 0}}, now);
  segment.show(status);
  showTiles(status);
  if (status.segment && status.segment.families !== knownFamilies) learnFamilies(status.segment.families);
}

function showFailure(error, wait) {
  const now = Date.now();
  setState('unreachable', `The agent does not answer: ${error.message}. The next attempt is in ${seconds(wait / 1000)}.`);
  audio.add(now);
  explorer.add(now);
}

function setState(state, trouble) {
  const chip = byId('state');
  setText(chip, state);
  chip.dataset.state = state;
  const banner = byId('banner');
  banner.hidden = !trouble;
  setText(banner, trouble ? trouble[0].toUpperCase() + trouble.slice(1) : '');
}

function showTiles({segment: of, workers, refusals}) {
  const refused = Object.values(refusals).reduce((sum, count) => sum + Number(count), 0);
  const tiles = [['Workers alive', whole(workers.alive)], ...(audio.isShown ? audio.totals() : []),
    ['Series', of ? whole(of.series.used) : '–'], ['Refusals', whole(refused)]];
  const list = byId('tiles');
  while (list.children.length > tiles.length) list.lastChild.remove();
  while (list.children.length < tiles.length) list.append(make('div', {}, make('dt'), make('dd')));
  tiles.forEach(([words, value], i) => {
    setText(list.children[i].firstChild, words);
    setText(list.children[i].lastChild, value);
  });
}

// The address may come from anywhere and be malformed.
function metricOfAddress() {
  try {
    return decodeURIComponent(location.hash.replace(/^#metric=/, ''));
  } catch {
    return '';
  }
}

// Called when a family was added. The page does not begin with an empty chart if there is anything to show.
async function learnFamilies(count) {
  knownFamilies = count;
  await picker.refresh().catch(() => { knownFamilies = -1; });
  if (explorer.name) return;
  const wanted = metricOfAddress();
  const others = picker.families.filter(({name, series}) => series > 0 && !AUDIO_FAMILIES.includes(name));
  const first = picker.find(wanted) ?? others.find(({type}) => type === 'histogram') ?? others[0] ?? picker.families[0];
  if (first) picker.pick(first);
}

function explore(family) {
  explorer.pick(family);
  history.replaceState(null, '', `#metric=${encodeURIComponent(family.name)}`);
  poller.now();
}

const poller = new Poller({look, onAnswer: show, onFailure: showFailure});

byId('pause').addEventListener('click', ({target}) => {
  const paused = !poller.paused;
  target.setAttribute('aria-pressed', paused);
  setText(target, paused ? 'Resume' : 'Pause');
  if (paused) poller.pause(); else poller.resume();
});

poller.now();
