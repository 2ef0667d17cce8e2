#ifndef SHMETRICS_C_H_
#define SHMETRICS_C_H_

/// shmetrics for C, and for every language that can call C: the whole public interface, in C99. The binary
/// interface stays the same as long as the soname does.
///
/// Codes. A function that can fail returns a shmetrics_code; SHMETRICS_OK (0) means success. Functions with a
/// `shmetrics_error*` also write there, in one sentence, what happened. The caller owns that struct, and the
/// pointer may be null. Results go through a pointer that must not be null. After a failure the result is
/// null or 0, unless stated otherwise. A null pointer where one is needed is SHMETRICS_BAD_ARGUMENT. No
/// function throws, logs, exits or keeps per-thread state.
///
/// Texts are UTF-8 and end with NUL. Texts, arrays and structs are copied: the caller may free them at once.
/// Label values are an array of `count` texts, in the order of the label names; null if there are none.
///
/// Handles. The library owns registries, families, quotas, counters, gauges and histograms and never frees
/// them: take each once and keep it. Asking for the same one again gives the same handle and takes no memory.
/// The caller owns leases and activities and frees each once.
///
/// Threads. Any thread may call any function at any time, but only one thread at a time may use a given lease
/// or activity.
///
/// Fork. All handles work in forked children, also if a server made them before it forks its workers.
/// Counters and histograms go on counting together. A gauge is the child's own and does not exist until the
/// child sets it. A lease or activity of the parent does not belong to the child: there it has ended, and
/// freeing it frees only memory.
///
/// Without memory for it, a call returns SHMETRICS_OUT_OF_MEMORY. Nothing was decided or is half-made: call it
/// again later. No call is a cancellation point of pthread_cancel(), if the thread's cancellation is deferred,
/// as it is by default: a request waits until the call is over.
///
/// Signal handlers may call only shmetrics_counter_inc(), shmetrics_counter_add(), shmetrics_fractional_add(),
/// shmetrics_histogram_observe() and shmetrics_announce_end().
///
/// Cost. Functions that are inline in C++ are calls here. An increment costs the call, 4.5 to 8 ns, on top of
/// its cost in C++. The other functions cost what they cost in C++.

#include <stddef.h>
#include <stdint.h>

#include "shmetrics/c_audio.h"
#include "shmetrics/c_types.h"
#include "shmetrics/export.h"

// NOLINTBEGIN(modernize-use-using, readability-identifier-naming): C has names of its own.

#ifdef __cplusplus
extern "C" {
#endif

/// SHMETRICS_ABI_VERSION of the library in use. It must not be less than the version the program was compiled
/// with.
SHMETRICS_EXPORT uint32_t shmetrics_abi_version(void);
/// The name of a code, for example "SHMETRICS_BUSY"; "SHMETRICS_OTHER" for an unknown code. Never null. Do
/// not free it.
SHMETRICS_EXPORT const char* shmetrics_code_name(shmetrics_code code);

// Registries.

/// Sets the options of shmetrics_registry_global(). Must come before its first use: afterwards
/// SHMETRICS_ALREADY_IN_USE, without effect. SHMETRICS_BAD_OPTION if the struct is larger than the library's
/// and a member unknown to the library is not 0.
SHMETRICS_EXPORT shmetrics_code shmetrics_registry_configure(const shmetrics_registry_options* options,
                                                             shmetrics_error* error);
/// The registry of this process; never null. The first use attaches to the segment, or makes it. Without a
/// usable segment everything works and counts in private memory. Later registrations try the segment again,
/// at most once a second: see shmetrics_registry_status().
SHMETRICS_EXPORT shmetrics_registry* shmetrics_registry_global(void);
/// Opens a registry on another segment. Each call makes a new one that is never freed: make few. If it cannot
/// attach, the reason is returned, and `*registry` still works.
SHMETRICS_EXPORT shmetrics_code shmetrics_registry_open(const shmetrics_registry_options* options,
                                                        shmetrics_registry** registry,
                                                        shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_registry_status(const shmetrics_registry* registry,
                                                          shmetrics_status* status);
/// Describes the status for people: where the registry is attached or why it is not, then each kind of
/// refusal on its own line, then the variables of the environment that a program with more rights than its
/// user ignores. Like snprintf(): writes what fits into `capacity` bytes, NUL included, and sets `*length` to
/// the length of the whole text without NUL. `length` may be null. `buffer` may be null if `capacity` is 0.
SHMETRICS_EXPORT shmetrics_code shmetrics_registry_describe(const shmetrics_registry* registry, char* buffer,
                                                            size_t capacity, size_t* length);
/// Says that this process ends by itself, in every segment that it uses. Call it right before _exit(), which
/// also ends the children of Python's multiprocessing (os._exit). exit() says it without a call. See
/// Registry::announce_end() in shmetrics/registry.h.
SHMETRICS_EXPORT void shmetrics_announce_end(void);

// Families. A family that is refused or has no segment now still works, in private memory: the reason is
// returned, and `*family` is set. `*family` is null only after SHMETRICS_BAD_ARGUMENT, and after
// SHMETRICS_OUT_OF_MEMORY of this process itself. Asking a family of another kind for a series is
// SHMETRICS_BAD_ARGUMENT.

SHMETRICS_EXPORT shmetrics_code shmetrics_counter_family(shmetrics_registry* registry,
                                                         const shmetrics_family_options* options,
                                                         shmetrics_family** family, shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_fractional_family(shmetrics_registry* registry,
                                                            const shmetrics_family_options* options,
                                                            shmetrics_family** family,
                                                            shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_gauge_family(shmetrics_registry* registry,
                                                       const shmetrics_family_options* options,
                                                       shmetrics_gauge_mode mode, shmetrics_family** family,
                                                       shmetrics_error* error);
/// `bounds` are the upper bounds of the buckets: 1 to 255, finite, increasing.
SHMETRICS_EXPORT shmetrics_code shmetrics_histogram_family(shmetrics_registry* registry,
                                                           const shmetrics_family_options* options,
                                                           const double* bounds, size_t bound_count,
                                                           shmetrics_family** family, shmetrics_error* error);
/// A gauge whose value is the number of live leases of each key.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_family(shmetrics_registry* registry,
                                                       const shmetrics_family_options* options,
                                                       shmetrics_family** family, shmetrics_error* error);
/// Publishes a fact about this process, for example its version: a series `name`_info with these labels and
/// the value 1. The series is shown while at least one living process says it. If the same process says it
/// again with other values, they replace the former ones. `help` may be null. Returns the reason if the
/// family is refused. See Registry::info() in shmetrics/registry.h.
SHMETRICS_EXPORT shmetrics_code shmetrics_info_say(shmetrics_registry* registry, const char* name,
                                                   const char* help, const shmetrics_labels* labels,
                                                   shmetrics_error* error);
/// SHMETRICS_OK if the family is registered in a segment now, else the reason.
SHMETRICS_EXPORT shmetrics_code shmetrics_family_check(const shmetrics_family* family,
                                                       shmetrics_error* error);
/// Hides a series until someone asks for it again. Its value stays, and handles go on counting.
/// SHMETRICS_NOT_FOUND if it does not exist or is already hidden.
SHMETRICS_EXPORT shmetrics_code shmetrics_family_remove(const shmetrics_family* family,
                                                        const char* const* values, size_t count);

// Series. A series that is new on this host is registered. A known one is looked up without a lock, in some
// tens of nanoseconds.
// A refused label set returns the reason, for example SHMETRICS_INVALID_LABELS, and still gives a handle that
// works, as in C++: for counters and histograms that of the family's overflow series, for gauges one that is
// shown nowhere. shmetrics_registry_status() counts it. So does a family without a segment, for example with
// SHMETRICS_NOT_OPENABLE: its handle counts in private memory for good, except a gauge: take it again.
// A null handle or one of another type counts nowhere, and the call returns SHMETRICS_BAD_ARGUMENT.

SHMETRICS_EXPORT shmetrics_code shmetrics_counter_with(const shmetrics_family* family,
                                                       const char* const* values, size_t count,
                                                       shmetrics_counter** counter);
SHMETRICS_EXPORT shmetrics_code shmetrics_counter_inc(shmetrics_counter* counter);
/// SHMETRICS_BAD_ARGUMENT for n from 2^63 on, which is what becomes of a negative number.
SHMETRICS_EXPORT shmetrics_code shmetrics_counter_add(shmetrics_counter* counter, uint64_t n);

SHMETRICS_EXPORT shmetrics_code shmetrics_fractional_with(const shmetrics_family* family,
                                                          const char* const* values, size_t count,
                                                          shmetrics_fractional** counter);
/// A negative number, NaN or an infinity changes nothing and returns SHMETRICS_BAD_ARGUMENT.
SHMETRICS_EXPORT shmetrics_code shmetrics_fractional_add(shmetrics_fractional* counter, double n);

SHMETRICS_EXPORT shmetrics_code shmetrics_gauge_with(const shmetrics_family* family,
                                                     const char* const* values, size_t count,
                                                     shmetrics_gauge** gauge);
/// Every double is a value. The first set in a process claims its worker slot with a few system calls. If the
/// process gets none, no scrape shows the value, and set, add and sub say why: SHMETRICS_NOT_OPENABLE,
/// SHMETRICS_NO_FREE_SLOT, SHMETRICS_ABSENT, SHMETRICS_OUT_OF_MEMORY. The value is kept; after a second, the
/// next call asks again. For a label set that was refused they return why it was, each time.
SHMETRICS_EXPORT shmetrics_code shmetrics_gauge_set(shmetrics_gauge* gauge, double value);
/// Adds to this process's value, which counts as 0 before its first set.
SHMETRICS_EXPORT shmetrics_code shmetrics_gauge_add(shmetrics_gauge* gauge, double delta);
SHMETRICS_EXPORT shmetrics_code shmetrics_gauge_sub(shmetrics_gauge* gauge, double delta);

/// A series needs a handle once; SHMETRICS_OUT_OF_MEMORY if this process has no room for it.
SHMETRICS_EXPORT shmetrics_code shmetrics_histogram_with(const shmetrics_family* family,
                                                         const char* const* values, size_t count,
                                                         shmetrics_histogram** histogram);
/// NaN counts above all bounds; NaN and infinities are counted but not added to the sum.
SHMETRICS_EXPORT shmetrics_code shmetrics_histogram_observe(shmetrics_histogram* histogram, double value);

// Exemplars show what led to the latest observation in a bucket, or to the latest increment of a counter;
// OpenMetrics shows them. These functions take the family and the values of the series instead of its handle,
// and look the series up at each call. The value always counts. An exemplar that is not allowed (see
// Histogram::observe() in shmetrics/histogram.h) or has no room is dropped and counted in the segment: that
// is not a failure. Not for signal handlers.

SHMETRICS_EXPORT shmetrics_code shmetrics_counter_add_exemplar(const shmetrics_family* family,
                                                               const char* const* values, size_t count,
                                                               uint64_t n, const shmetrics_labels* exemplar);
SHMETRICS_EXPORT shmetrics_code shmetrics_fractional_add_exemplar(const shmetrics_family* family,
                                                                  const char* const* values, size_t count,
                                                                  double n, const shmetrics_labels* exemplar);
SHMETRICS_EXPORT shmetrics_code shmetrics_histogram_observe_exemplar(const shmetrics_family* family,
                                                                     const char* const* values, size_t count,
                                                                     double value,
                                                                     const shmetrics_labels* exemplar);

// Leases. Lease and LeaseGaugeFamily in shmetrics/lease.h say what they promise and what the codes mean.

/// Takes a lease on a key if the key has fewer than `limit` live ones on this host. A negative limit, such as
/// SHMETRICS_UNLIMITED, allows any number, 0 none. SHMETRICS_BAD_OPTION for more than 2^32 - 2. The lease
/// lives `ttl_ms` milliseconds from now and from each renewal; with 0, as long as this process. Without a
/// segment nothing is decided: SHMETRICS_ABSENT.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_try_acquire(const shmetrics_family* family,
                                                            const char* const* values, size_t count,
                                                            int64_t limit, int64_t ttl_ms,
                                                            shmetrics_lease** lease, shmetrics_error* error);
/// The same, and waits `max_wait_ms` milliseconds at most for other processes that decide for the same shard
/// of keys: 0 for the default, SHMETRICS_NO_WAIT for not at all. LeaseOptions::max_wait says when a wait ends
/// sooner.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_try_acquire_within(
    const shmetrics_family* family, const char* const* values, size_t count, int64_t limit, int64_t ttl_ms,
    int64_t max_wait_ms, shmetrics_lease** lease, shmetrics_error* error);
/// Restarts the lease's TTL. SHMETRICS_ENDED if the lease has ended: what it stood for must stop.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_renew(shmetrics_lease* lease);
/// Ends the lease. SHMETRICS_ENDED if it had already ended. The handle must still be freed.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_release(shmetrics_lease* lease);
/// SHMETRICS_OK if the lease is live now, SHMETRICS_ENDED if not.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_check(const shmetrics_lease* lease);
/// Ends the lease if it is live, and frees the handle. Null has no effect.
SHMETRICS_EXPORT void shmetrics_lease_free(shmetrics_lease* lease);
/// How many leases of a key are live on this host.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_count(const shmetrics_family* family,
                                                      const char* const* values, size_t count, uint64_t* live,
                                                      shmetrics_error* error);
/// The same with `max_wait_ms` as in shmetrics_lease_try_acquire_within().
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_count_within(const shmetrics_family* family,
                                                             const char* const* values, size_t count,
                                                             int64_t max_wait_ms, uint64_t* live,
                                                             shmetrics_error* error);

#ifdef __cplusplus
}
#endif

// NOLINTEND(modernize-use-using, readability-identifier-naming)

#endif  // SHMETRICS_C_H_
