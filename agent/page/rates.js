// From samples of counters and histograms to what they did meanwhile.

// Over one poll alone, three events or four are a third more.
const WINDOW_SECONDS = 10;

// The oldest sample before `index` that a rate may begin with, for which `read` knows a value; nothing may be unknown
// between the two.
function startOf(samples, index, read) {
  let start = null;
  for (let i = index - 1; i >= 0; --i) {
    const sample = samples[i];
    if (!sample.family || samples[index].at - sample.at > WINDOW_SECONDS + 1 || read(sample) === null) break;
    start = sample;
  }
  return start;
}

function elapsed(start, sample) {
  const seconds = sample.at - start.at;
  return seconds > 0 ? seconds : null;  // the agent's clock was set back
}

// What `read` says of each sample, as a rate per second; null where it is not known. `read` returns null for unknown.
export function rates(samples, read) {
  return samples.map((sample, i) => {
    if (!sample.family || read(sample) === null) return null;
    const start = startOf(samples, i, read);
    const seconds = start && elapsed(start, sample);
    if (!seconds) return null;
    const grown = read(sample) - read(start);
    return grown >= 0 ? grown / seconds : null;  // less than before: the segment began anew
  });
}

// As Prometheus' histogram_quantile(): linear within a bucket. `counts` are cumulative, the last for all.
export function quantile(q, bounds, counts) {
  const all = counts[counts.length - 1];
  if (!(all > 0)) return null;
  const rank = q * all;
  const i = counts.findIndex((count) => count >= rank);
  if (i === counts.length - 1) return bounds.length > 1 ? bounds[bounds.length - 2] : null;
  const lower = i > 0 ? bounds[i - 1] : Math.min(0, bounds[0]);
  const below = i > 0 ? counts[i - 1] : 0;
  return lower + (bounds[i] - lower) * (rank - below) / (counts[i] - below || 1);
}

// Mean and quantiles of what was observed in the seconds before each sample; null where nothing was.
export function distributions(samples) {
  return samples.map((sample, i) => {
    const start = sample.family && startOf(samples, i, () => 0);
    const count = start ? sample.total.value - start.total.value : 0;
    if (!(count > 0)) return {mean: null, p50: null, p95: null};
    const bounds = sample.total.buckets.map((bucket) => bucket.le);
    const counts = sample.total.buckets.map((bucket, b) => bucket.count - (start.total.buckets[b]?.count ?? 0));
    return {
      mean: (sample.total.sum - start.total.sum) / count,
      p50: quantile(0.5, bounds, counts),
      p95: quantile(0.95, bounds, counts),
    };
  });
}
