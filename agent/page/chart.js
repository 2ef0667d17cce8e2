// One chart: dygraphs draws lines over the last minutes, and a legend shows the same in words and numbers.

import {make, setText} from './dom.js';
import {axisClock, clock} from './format.js';
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

function highest(rows, stacked) {
  const heights = rows.map(([, ...values]) => (stacked
    ? values.reduce((sum, value) => sum + (value ?? 0), 0)
    : Math.max(0, ...values.map((value) => value ?? 0))));
  return Math.max(0, ...heights);
}

function lowest(rows) {
  return Math.min(0, ...rows.flatMap(([, ...values]) => values.map((value) => value ?? 0)));
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
    this.nothing = make('p', {class: 'nothing'}, 'Nothing to show yet.');
    this.legend = make('ul', {class: 'legend'});
    figure.append(this.plot, this.nothing, this.legend);
    this.hovered = null;
    this.shown = null;
    darkScheme.addEventListener('change', () => this.redraw());
    new ResizeObserver(() => this.graph?.resize()).observe(this.plot);
  }

  // `times` are those of the samples, `lines` come from linesOf(); `now` is where the time axis ends.
  show({title, summary, times, lines, format, now}) {
    this.shown = {title, summary, times, lines, format, now};
    this.redraw();
  }

  redraw() {
    if (!this.shown) return;
    const {title, lines, times} = this.shown;
    setText(this.title, title);
    const empty = !lines.some((line) => line.values.some((value) => value !== null));
    this.figure.classList.toggle('empty', empty);
    if (!empty) this.draw(rowsOf(times, lines));
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
    const {lines, times, format, now} = this.shown;
    const top = highest(rows, this.stacked);
    const span = Math.min(HISTORY_MS, Math.max(SHORTEST_SPAN_MS, now - times[0]));
    return {
      file: rows,
      labels: ['time', ...lines.map((line, i) => String(i))],  // names may be equal, or anything
      colors: lines.map(colourOf),
      dateWindow: [now - span, now],
      valueRange: [lowest(rows) * 1.08, top > 0 ? top * 1.08 : 1],
      axisLineColor: colour('--border'),
      gridLineColor: colour('--grid'),
      axes: {
        x: {drawGrid: false, pixelsPerLabel: 75, axisLabelFormatter: (date) => axisClock(+date)},
        y: {axisLabelWidth: 56, pixelsPerLabel: 24, axisLabelFormatter: (value) => format(value)},
      },
    };
  }

  // Writes the values at one sample, or at the newest, in words.
  say(index) {
    const {title, summary, times, lines, format} = this.shown;
    const isNow = index === times.length - 1;
    setText(this.summary, isNow ? summary : `at ${clock(times[index])}`);
    const texts = lines.map((line) => {
      const value = line.values[index];
      return value === null || value === undefined ? 'unknown' : format(value);
    });
    this.fillLegend(lines, texts);
    const words = lines.map((line, i) => `${line.name}: ${texts[i]}`).join('; ');
    this.plot.setAttribute('aria-label', `Chart: ${title}. ${summary}. ${words}`);
  }

  fillLegend(lines, texts) {
    while (this.legend.children.length > lines.length) this.legend.lastChild.remove();
    while (this.legend.children.length < lines.length) {
      this.legend.append(make('li', {}, make('span', {class: 'swatch'}), make('span', {class: 'name'}),
        make('span', {class: 'value'})));
    }
    lines.forEach((line, i) => {
      const [swatch, name, value] = this.legend.children[i].children;
      swatch.style.backgroundColor = colourOf(line);
      setText(name, line.name);
      name.title = line.name;
      setText(value, texts[i] === 'unknown' ? '–' : texts[i]);
    });
  }
}
