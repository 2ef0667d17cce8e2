#!/usr/bin/env node
// The same with npm's prom-client. For several workers, its master adds up what they have sent. The sending
// is not measured, to its advantage. Prints what Google Benchmark would print.
'use strict';

const SERIES_OF_A_WORKER = 10000;
const ARBITRARY_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

const options = {};
for (const argument of process.argv.slice(2)) {
  const [name, ...value] = argument.replace(/^--/, '').split('=');
  options[name] = value.join('=');
}
const client = require(`${options.modules}/prom-client`);

const pathOf = (series) => `/api/v1/item/${String(series).padStart(7, '0')}`;

// The processor time that `operation` takes, in nanoseconds.
async function timeOf(operation, seconds) {
  for (let count = 1; ; ) {
    const start = process.cpuUsage();
    for (let i = 0; i < count; i++) {
      const pending = operation(i);
      if (pending !== undefined) await pending;
    }
    const spent = process.cpuUsage(start);
    const spentSeconds = (spent.user + spent.system) / 1e6;
    if (spentSeconds >= seconds) return (spentSeconds / count) * 1e9;
    count = Math.max(count * 2, Math.floor((count * seconds) / Math.max(spentSeconds, 1e-6)));
  }
}

function increment() {
  const counter = new client.Counter({ name: 'bench_total', help: '-', labelNames: ['kind'], registers: [] });
  const whole = counter.labels('whole');
  return () => whole.inc();
}

function observe() {
  const histogram = new client.Histogram({
    name: 'bench_seconds', help: '-', labelNames: ['kind'], buckets: ARBITRARY_BOUNDS, registers: [] });
  const random = histogram.labels('random');
  const values = Array.from({ length: 4096 }, () => 10 ** (Math.random() * 4.2 - 3.3));
  return (i) => random.observe(values[i & 4095]);
}

function lookUp(pick) {
  const counter = new client.Counter({ name: 'bench_jobs_total', help: '-', labelNames: ['user_id', 'job'], registers: [] });
  const keys = Array.from({ length: 10000 }, (_, i) => [`user-${1000 + Math.floor(i / 10)}`, `job-${i % 10}`]);
  for (const key of keys) counter.labels(...key).inc();
  const picked = Array.from({ length: 4096 }, () => keys[pick()]);
  return (i) => { counter.labels(...picked[i & 4095]).inc(); };
}

function registryOf(series) {
  const registry = new client.Registry();
  const counter = new client.Counter({
    name: 'bench_requests_total', help: 'Requests, by method and path.', labelNames: ['method', 'path'], registers: [registry] });
  for (let i = 0; i < series; i++) counter.labels('GET', pathOf(i)).inc((i * 7919) % 10000000);
  return registry;
}

function scrape(series) {
  const registry = registryOf(series);
  return () => registry.metrics();
}

async function scrapeWorkers(workers) {
  const sent = [];
  for (let i = 0; i < workers; i++) sent.push(await registryOf(SERIES_OF_A_WORKER).getMetricsAsJSON());
  return () => client.AggregatorRegistry.aggregate(sent).metrics();
}

const cases = {
  increment,
  observe,
  'look_up/hot': () => lookUp(() => 0),
  'look_up/random': () => lookUp(() => Math.floor(Math.random() * 10000)),
  'scrape/1000': () => scrape(1000),
  'scrape/10000': () => scrape(10000),
  'scrape/100000': () => scrape(100000),
  'scrape_workers/1': () => scrapeWorkers(1),
  'scrape_workers/8': () => scrapeWorkers(8),
  'scrape_workers/32': () => scrapeWorkers(32),
};

(async () => {
  const filter = new RegExp(options.benchmark_filter || '');
  const benchmarks = [];
  for (const [name, prepare] of Object.entries(cases)) {
    if (!filter.test(name)) continue;
    const ns = await timeOf(await prepare(), Number(options.benchmark_min_time || 0.1));
    benchmarks.push({ name, cpu_time: ns, real_time: ns, time_unit: 'ns' });
  }
  console.log(JSON.stringify({ benchmarks }));
})();
