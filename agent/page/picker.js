// The searchable list of metrics: a combobox as ARIA describes it, so that keys and screen readers can use it.

import {byId, make} from './dom.js';
import {whole} from './format.js';

const MOST_OPTIONS = 50;

// Every word must occur. Matches in names come before those in descriptions.
function matches(families, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (place) => words.every((word) => place.toLowerCase().includes(word));
  const byName = families.filter((family) => has(family.name));
  const byDescription = families.filter((family) => !byName.includes(family) && has(`${family.name} ${family.description}`));
  return [...byName, ...byDescription];
}

export class Picker {
  // `fetchFamilies` returns the present families; `onPick` gets the one that the user picked.
  constructor({fetchFamilies, onPick}) {
    this.fetchFamilies = fetchFamilies;
    this.onPick = onPick;
    this.input = byId('metric');
    this.list = byId('metrics');
    this.families = [];
    this.options = [];
    this.active = -1;
    this.picked = null;
    this.input.addEventListener('focus', () => this.input.select());
    this.input.addEventListener('click', () => this.list.hidden && this.open(''));
    this.input.addEventListener('input', () => this.open(this.input.value));
    this.input.addEventListener('blur', () => this.close());
    this.input.addEventListener('keydown', (event) => this.onKey(event));
    this.list.addEventListener('mousedown', (event) => this.onPress(event));
  }

  async refresh() {
    this.families = await this.fetchFamilies();
    if (!this.list.hidden) this.fill();
  }

  find(name) {
    return this.families.find((family) => family.name === name);
  }

  pick(family) {
    this.picked = family;
    this.close();
    this.onPick(family);
  }

  open(text) {
    // If the refresh fails, the known families will do until the next time.
    if (this.list.hidden) this.refresh().catch(() => {});
    this.text = text;
    this.list.hidden = false;
    this.input.setAttribute('aria-expanded', 'true');
    this.fill();
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute('aria-expanded', 'false');
    this.activate(-1);
    this.input.value = this.picked?.name ?? '';
    if (document.activeElement === this.input) this.input.select();  // what is typed next replaces it
  }

  fill() {
    const found = matches(this.families, this.text);
    this.options = found.slice(0, MOST_OPTIONS);
    this.list.replaceChildren(...this.options.map((family, i) => this.option(family, i)));
    const left = found.length - this.options.length;
    if (left > 0) this.list.append(make('li', {class: 'hint', role: 'presentation'}, `${whole(left)} more: type to narrow it down`));
    if (found.length === 0) this.list.append(make('li', {class: 'hint', role: 'presentation'}, 'No metric matches.'));
    this.activate(this.options.length > 0 && this.text ? 0 : this.options.findIndex(({name}) => name === this.picked?.name));
  }

  option(family, i) {
    return make('li', {id: `metric-${i}`, role: 'option', 'aria-selected': 'false'},
      make('span', {class: 'name'}, family.name),
      make('span', {class: 'kind'}, `${family.type}, ${whole(family.series)} series`),
      make('span', {class: 'help'}, family.description));
  }

  activate(index) {
    this.list.querySelector('[aria-selected=true]')?.setAttribute('aria-selected', 'false');
    this.active = index;
    const option = index < 0 ? null : this.list.children[index];
    option?.setAttribute('aria-selected', 'true');
    option?.scrollIntoView({block: 'nearest'});
    if (option) {
      this.input.setAttribute('aria-activedescendant', option.id);
    } else {
      this.input.removeAttribute('aria-activedescendant');
    }
  }

  onKey(event) {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step) {
      event.preventDefault();
      if (this.list.hidden) return this.open('');
      const count = this.options.length;
      if (count > 0) this.activate((this.active + step + count + (this.active < 0 && step < 0 ? 1 : 0)) % count);
    } else if (event.key === 'Enter' && !this.list.hidden && this.active >= 0) {
      this.pick(this.options[this.active]);
    } else if (event.key === 'Escape') {
      this.close();
    }
  }

  // Prevents the input from losing the focus, which would close the list.
  onPress(event) {
    event.preventDefault();
    const option = event.target.closest('[role=option]');
    if (option) this.pick(this.options[[...this.list.children].indexOf(option)]);
  }
}
