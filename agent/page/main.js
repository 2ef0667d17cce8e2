// The page: fetches from the agent what is shown, and shows it.

import {byId, make, setText} from './dom.js';
import {seconds, toNumber, whole} from './format.js';
import {agentNow, noteTime} from './clock.js';
import {ask, Poller, WrongQuestion} from './poll.js';
import {Audio, AUDIO_FAMILIES} from './audio.js';
import {Explorer} from './explore.js';
import {Finder} from './find.js';
import {Picker} from './picker.js';
import {Refusals, REFUSALS_FAMILY} from './refusals.js';
import {Segment} from './segment.js';
import {State} from './state.js';
import {User} from './user.js';
import {showWorkers} from './workers.js';

// More series than a chart shows, for those that are nearly as active.
const TOP = 20;

const state = new State();
const audio = new Audio();
const explorer = new Explorer();
const segment = new Segment();
const refusals = new Refusals();
const again = () => { remember(); poller.now(); };
const finder = new Finder({onChange: again});
const user = new User({onChange: again});
const picker = new Picker({
  fetchFamilies: async () => (await ask('api/v1/families')).families,
  onPick: explore,
});
let knownFamilies = -1;

function askHistory() {
  const names = new Set([...AUDIO_FAMILIES, REFUSALS_FAMILY, ...(explorer.name ? [explorer.name] : [])]);
  const query = new URLSearchParams([...names].map((name) => ['name[]', name]));
  query.set('top', TOP);
  return ask(`api/v1/history?${query}`);
}

async function askFinder() {
  const {text, query} = finder;
  if (!text) return null;
  try {
    return {text, answer: await ask(query)};
  } catch (error) {
    if (error instanceof WrongQuestion) return {text, error: error.message};
    throw error;
  }
}

function askUser() {
  return user.id ? ask(user.query).catch((error) => { if (!(error instanceof WrongQuestion)) throw error; }) : null;
}

async function look() {
  const status = await ask('api/v1/status');
  const isAttached = status.state === 'attached';
  const [history, workers, service, found, limits] = await Promise.all([askHistory(),
    ...(isAttached ? [ask('api/v1/workers'), ask('api/v1/audio/stream/status'), askFinder(), askUser()] : [])]);
  return {status, history, workers, service, found, limits};
}

function show({status, history, workers, service, found, limits}, period) {
  noteTime(Date.parse(history.timestamp), {exact: true});
  state.answered(status, period);
  audio.replace(history);
  explorer.replace(history);
  refusals.replace(history);
  drawCharts();
  if (service) audio.showService(service);
  if (limits) user.show(limits);
  if (found) finder.show(found);
  showWorkers(workers ?? null, agentNow());
  segment.show(status);
  refusals.show(status.segment ? status.refusals : null);
  showTiles(status);
  if (status.segment && status.segment.families !== knownFamilies) learnFamilies(status.segment.families);
}

function drawCharts() {
  audio.draw();
  explorer.draw();
}

function showFailure(error, wait) {
  state.failedWith(`The agent does not answer: ${error.message}. The next attempt is in ${seconds(wait / 1000)}.`);
  const perf = performance.now();
  audio.addGap(perf);
  explorer.addGap(perf);
  drawCharts();
}

function showTiles({segment: of, workers, refusals: refused}) {
  const sum = Object.values(refused).reduce((all, count) => all + toNumber(count), 0);
  const known = (value) => (of ? whole(value) : null);
  const tiles = [['Workers alive', known(workers.alive)], ...(audio.isShown ? audio.totals() : []),
    ['Series', known(of?.series.used)], ['Refusals', known(sum)]];
  const list = byId('tiles');
  while (list.children.length > tiles.length) list.lastChild.remove();
  while (list.children.length < tiles.length) list.append(make('div', {}, make('dt'), make('dd')));
  tiles.forEach(([words, value], i) => {
    setText(list.children[i].firstChild, words);
    setText(list.children[i].lastChild, value ?? '–');
    list.children[i].title = value === null ? 'not known now' : '';
    list.children[i].className = words === 'Refusals' && sum > 0 && value !== null ? 'bad' : '';
  });
}

// Called when a family was added. The page does not begin with an empty chart if there is anything to show.
async function learnFamilies(count) {
  knownFamilies = count;
  await picker.refresh().catch(() => { knownFamilies = -1; });
  if (explorer.name) return;
  setText(byId('about'), 'No metric family yet: one appears here when a worker makes its first counter, gauge or histogram.');
  const others = picker.families.filter(({name, series}) => series > 0 && !AUDIO_FAMILIES.includes(name));
  const first = picker.find(wanted.get('metric')) ?? others.find(({type}) => type === 'histogram') ?? others[0] ?? picker.families[0];
  if (first) picker.pick(first);
}

function explore(family) {
  explorer.pick(family);
  again();
}

// What the user picked is part of the address, so that it can be kept and sent.
function remember() {
  const kept = Object.entries({metric: explorer.name ?? wanted.get('metric'), find: finder.text, user: user.id}).filter(([, value]) => value);
  history.replaceState(null, '', `#${kept.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')}`);
}

const wanted = new URLSearchParams(location.hash.slice(1).replaceAll('+', '%2B'));
for (const input of [byId('find'), byId('user')]) {
  input.value = wanted.get(input.id) ?? '';
  if (input.value) input.dispatchEvent(new Event('input'));
}

// Somebody followed a link to this page, or changed the address.
addEventListener('hashchange', () => location.reload());

const poller = new Poller({look, onAnswer: show, onFailure: showFailure});

byId('pause').addEventListener('click', ({target}) => {
  const paused = !poller.paused;
  state.paused = paused;
  target.setAttribute('aria-pressed', paused);
  setText(target, paused ? 'Resume' : 'Pause');
  if (paused) poller.pause(); else poller.resume();
  state.tick();
});

poller.now();
