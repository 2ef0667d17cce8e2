// Turns samples of counters and histograms into rates and distributions.

// Over a single step, four events instead of three would be a third more.
const WINDOW_SECONDS = 10;

// The oldest sample before `index` that a rate can begin with: `read` knows its value, and all values in
// between. The segment was not replaced in between.
function startOf(samples, index, read) {
  let start = null;
  for (let i = index - 1; i >= 0 && !samples[i + 1].isBreak; --i) {
    const sample = samples[i];
    if (!sample.family || read(sample) === null) break;
    if (start && samples[index].at - sample.at > WINDOW_SECONDS + 1) break;  // the agent may look less often
    start = sample;
  }
  return start;
}

function elapsed(start, sample) {
  const seconds = sample.at - start.at;
  return seconds > 0 ? seconds : null;
}

// The rate per second of what `read` returns for each sample; null where it is not known. `read` returns null
// for unknown.
export function rates(samples, read) {
  return samples.map((sample, i) => {
    if (!sample.family || read(sample) === null) return null;
    const start = startOf(samples, i, read);
    const seconds = start && elapsed(start, sample);
    if (!seconds) return null;
    const grown = read(sample) - read(start);
    return grown >= 0 ? grown / seconds : null;  // less than before: the segment is new
  });
}

// Like Prometheus' histogram_quantile(): linear within a bucket. `counts` are cumulative; the last is the
// total.
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

// Mean and quantiles of the observations in the seconds before each sample; null where there were none.
export function distributions(samples) {
  return samples.map((sample, i) => {
    const start = sample.family && startOf(samples, i, () => 0);
    const count = start ? sample.total.value - start.total.value : 0;
    if (!(count > 0)) return {mean: null, p50: null, p95: null};
    const mean = (sample.total.sum - start.total.sum) / count;
    if (sample.total.buckets.length === 0) return {mean, p50: null, p95: null};  // the agent had no room for them
    const bounds = sample.total.buckets.map((bucket) => bucket.le);
    const counts = sample.total.buckets.map((bucket, b) => bucket.count - (start.total.buckets[b]?.count ?? 0));
    return {
      mean,
      p50: quantile(0.5, bounds, counts),
      p95: quantile(0.95, bounds, counts),
    };
  });
}
