#ifndef SHMETRICS_EXPORT_H_
#define SHMETRICS_EXPORT_H_

/// Marks what is visible outside the shared library; everything else is hidden.
#define SHMETRICS_EXPORT __attribute__((visibility("default")))

#endif  // SHMETRICS_EXPORT_H_
