// One chart: dygraphs draws lines over the last minutes, and a legend shows the same in words and numbers.

import {make, setText} from './dom.js';
import {axisClock, clock, number} from './format.js';
import {HISTORY_MS} from './history.js';

// Dygraph's own legend writes names as HTML with inline styles, which the page's policy forbids. say() writes
// them as text.
const {Dygraph} = window;
Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);

const SHORTEST_SPAN_MS = 60 * 1000;
const darkScheme = matchMedia('(prefers-color-scheme: dark)');

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function colourOf(line) {
  return colour(line.slot === null ? '--rest' : `--line-${line.slot + 1}`);
}

// For null, dygraphs leaves a gap in a line. But it would draw a stack at the wrong height.
function rowsOf(times, lines) {
  return times.map((time, i) => [time, ...lines.map((line) => finite(line.values[i]))]);
}

function finite(value) {
  return Number.isFinite(value) ? value : null;
}

const sumOf = (values) => values.reduce((sum, value) => sum + (value ?? 0), 0);

// dygraphs adds and multiplies what it draws, so the largest doubles must not reach it.
const LARGEST = 1e150;
const SMALLEST = 1e-150;

function scaleOf(rows) {
  const top = Math.max(0, ...rows.flatMap(([, ...values]) => values.map((value) => Math.abs(value ?? 0))));
  if (top > LARGEST) return 1 / LARGEST;
  return top > 0 && top < SMALLEST ? 1 / SMALLEST : 1;
}

// The lowest and the highest place of the axis of values.
function rangeOf(rows, stacked, fromZero) {
  const known = rows.flatMap(([, ...values]) => (stacked ? [sumOf(values)] : values.filter((value) => value !== null)));
  if (fromZero) known.push(0);
  const low = Math.min(...known);
  const high = Math.max(...known);
  const pad = (high - low) * 0.08;
  if (pad === 0) return fromZero ? [0, 1] : [low - 60, high + 60];
  return [low === 0 ? 0 : low - pad, high === 0 && fromZero ? 0 : high + pad];
}

export class Chart {
  constructor(figure, {stacked = false} = {}) {
    this.figure = figure;
    this.stacked = stacked;
    this.caption = figure.querySelector('figcaption');
    this.title = make('h3', {}, this.caption.textContent);
    this.summary = make('p', {class: 'summary'});
    this.caption.replaceChildren(this.title, this.summary);
    this.plot = make('div', {class: 'plot', role: 'img'});
    this.nothing = make('p', {class: 'nothing'}, 'Waiting for the first answer.');
    this.legend = make('ul', {class: 'legend'});
    figure.append(this.plot, this.nothing, this.legend);
    this.hovered = null;
    this.shown = null;
    darkScheme.addEventListener('change', () => this.redraw());
    new ResizeObserver(() => this.graph?.resize()).observe(this.plot);
  }

  // `times` are those of the samples, `lines` come from linesOf(); `now` is where the time axis ends. `nothing` says in
  // words why there is no line. `axisFormat` gets a value and how much the axis shows; without it `format` is used.
  // `isOld` says that the newest values are not those of now.
  show({title, summary, nothing, times, lines, format, now, axisFormat = format, fromZero = true, isOld = false}) {
    this.shown = {title, summary, times, lines, format, now, axisFormat, fromZero};
    setText(this.nothing, nothing);
    this.figure.classList.toggle('old', isOld);
    this.redraw();
  }

  redraw() {
    if (!this.shown) return;
    const {title, lines, times} = this.shown;
    setText(this.title, title);
    const empty = !lines.some((line) => line.values.some((value) => value !== null));
    this.figure.classList.toggle('empty', empty);
    if (!empty) this.draw(rowsOf(times, lines));
    if (this.hovered !== null && this.hovered >= times.length) this.hovered = null;
    this.say(this.hovered === null ? times.length - 1 : this.hovered);
  }

  draw(rows) {
    const options = this.options(rows);
    if (this.graph) {
      this.graph.updateOptions(options);
    } else {
      this.graph = new Dygraph(this.plot, options.file, {...this.fixedOptions(), ...options});
    }
  }

  fixedOptions() {
    return {
      interactionModel: {},  // neither zoom nor pan: a finger on a chart scrolls the page
      stackedGraph: this.stacked,
      stackedGraphNaNFill: 'none',
      fillAlpha: 0.45,
      strokeWidth: 1.6,
      highlightCircleSize: 3,
      drawGapEdgePoints: true,
      axisLabelFontSize: 12,
      highlightCallback: (event, time, points, row) => this.say(this.hovered = row),
      unhighlightCallback: () => {
        this.hovered = null;
        this.say(this.shown.times.length - 1);
      },
    };
  }

  options(rows) {
    const {lines, times, now, axisFormat, fromZero} = this.shown;
    const scale = scaleOf(rows);
    const file = rows.map(([time, ...values]) => [time, ...values.map((value) => (value === null ? null : value * scale))]);
    const range = rangeOf(file, this.stacked, fromZero);
    const shownSpan = (range[1] - range[0]) / scale;
    const span = Math.min(HISTORY_MS, Math.max(SHORTEST_SPAN_MS, now - times[0]));
    return {
      file,
      labels: ['time', ...lines.map((line, i) => String(i))],  // names may be equal, or anything
      colors: lines.map(colourOf),
      dateWindow: [now - span, now],
      valueRange: range,
      axisLineColor: colour('--border'),
      gridLineColor: colour('--grid'),
      axes: {
        x: {drawGrid: false, pixelsPerLabel: 75, axisLabelFormatter: (date) => axisClock(+date)},
        y: {axisLabelWidth: 70, pixelsPerLabel: 24, axisLabelFormatter: (value) => axisFormat(value / scale, shownSpan)},
      },
    };
  }

  // Writes the values at one sample, or at the newest, in words.
  say(index) {
    const {title, summary, times, lines, format} = this.shown;
    const isNow = index === times.length - 1;
    setText(this.summary, isNow ? summary : `at ${clock(times[index])}`);
    const texts = lines.map((line) => {
      const value = line.values[index] ?? null;
      return value === null ? 'unknown' : format(value);
    });
    const counts = lines.map((line) => {
      const count = line.counts?.[index] ?? null;
      return count === null ? '' : number(count);
    });
    this.fillLegend(lines, texts, counts);
    const words = lines.map((line, i) => `${line.name}: ${texts[i]}${counts[i] && ` (${counts[i]} so far)`}`).join('; ');
    this.plot.setAttribute('aria-label', `Chart: ${title}. ${summary}. ${words}`);
  }

  fillLegend(lines, texts, counts) {
    while (this.legend.children.length > lines.length) this.legend.lastChild.remove();
    while (this.legend.children.length < lines.length) {
      this.legend.append(make('li', {}, make('span', {class: 'swatch'}), make('span', {class: 'name'}),
        make('span', {class: 'count', title: 'so far'}), make('span', {class: 'value'})));
    }
    lines.forEach((line, i) => {
      const [swatch, name, count, value] = this.legend.children[i].children;
      swatch.style.backgroundColor = colourOf(line);
      setText(name, line.name);
      name.title = line.name;
      setText(count, counts[i]);
      setText(value, texts[i] === 'unknown' ? '–' : texts[i]);
    });
  }
}
