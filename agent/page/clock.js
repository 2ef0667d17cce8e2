// The agent's clock. The browser's may be hours off, and ages by it would be wrong. So what is shown is as old as
// the agent's answers say. performance.now() goes on between two answers, and nobody sets it.

// A Date header has whole seconds.
const DATE_STEP_MS = 1000;

let offset = null;

// `time` is when an answer was made, in milliseconds since 1970; NaN if it does not say.
export function noteTime(time, {exact = false} = {}) {
  if (!Number.isFinite(time)) return;
  const seen = time - performance.now();
  if (exact || offset === null || Math.abs(seen - offset) > 2 * DATE_STEP_MS) offset = seen;
}

// Milliseconds since 1970 at the agent; null before its first answer.
export function agentNow() {
  return offset === null ? null : agentTime(performance.now());
}

export function agentTime(performanceTime) {
  return performanceTime + (offset ?? 0);
}
