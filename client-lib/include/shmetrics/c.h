#ifndef SHMETRICS_C_H_
#define SHMETRICS_C_H_

/// shmetrics for C, and for every language that can call C: all of the public face, in C99. Keeps its binary interface
/// for as long as the soname stays.
///
/// Codes. A function that can fail returns a shmetrics_code, SHMETRICS_OK (0) if all is well. Those that take a
/// `shmetrics_error*` also say there, in a sentence, what happened; it is the caller's, and may be null. Results go
/// through a pointer that must not be null; after a failure it holds null or 0, unless said otherwise. A null pointer
/// where one is needed is refused with SHMETRICS_BAD_ARGUMENT. Nothing throws, logs, exits or keeps state of a thread.
///
/// Texts are UTF-8 and end with NUL. They are copied, and so are arrays and structs: the caller may free them at once.
/// Label values are an array of `count` such texts, in the order of the label names; null for none.
///
/// Handles. Registries, families, quotas, counters, gauges and histograms belong to the library and are never freed:
/// take one once and keep it. Asking again for the same one gives the same one and takes no memory. Leases and
/// activities belong to the caller, who frees each once.
///
/// Threads. Every function may be called by any thread at any time, but one lease or activity is for one thread at a
/// time.
///
/// Fork. All handles are good in forked children, also if a server has made them before it forks its workers: counters
/// and histograms count on together; a gauge is the child's own, and is not there until the child sets it; a lease or
/// activity of the parent is none of the child's: there it has ended, and freeing it frees only memory.
///
/// Signal handlers may call shmetrics_counter_inc(), shmetrics_counter_add(), shmetrics_fractional_add() and
/// shmetrics_histogram_observe(), nothing else.
///
/// Cost. What is inline in C++ is a call here: an increment costs the call, 4.5 to 8 ns, and what it costs there. So
/// does the rest.

#include <stddef.h>
#include <stdint.h>

#include "shmetrics/c_audio.h"
#include "shmetrics/c_types.h"
#include "shmetrics/export.h"

// NOLINTBEGIN(modernize-use-using, readability-identifier-naming): C has names of its own.

#ifdef __cplusplus
extern "C" {
#endif

/// SHMETRICS_ABI_VERSION of the library in use. A program needs at least the one it was compiled with.
SHMETRICS_EXPORT uint32_t shmetrics_abi_version(void);
/// The name of a code, for example "SHMETRICS_BUSY"; "SHMETRICS_OTHER" for an unknown one. Never null; not to be freed.
SHMETRICS_EXPORT const char* shmetrics_code_name(shmetrics_code code);

// Registries.

/// Options for shmetrics_registry_global(), before its first use. SHMETRICS_ALREADY_IN_USE without effect after it.
/// SHMETRICS_BAD_OPTION if the struct is larger than the library's, and what it does not know is not 0.
SHMETRICS_EXPORT shmetrics_code shmetrics_registry_configure(const shmetrics_registry_options* options,
                                                             shmetrics_error* error);
/// The registry of this process; never null. Attaches to the segment, or makes it, on first use. Without a usable
/// segment everything works and counts in private memory, and it is tried again at later registrations, at most once
/// a second: see shmetrics_registry_status().
SHMETRICS_EXPORT shmetrics_registry* shmetrics_registry_global(void);
/// A registry on another segment. Never freed, and a new one at each call: make few. Not attached: the reason is
/// returned, and `*registry` works nevertheless.
SHMETRICS_EXPORT shmetrics_code shmetrics_registry_open(const shmetrics_registry_options* options,
                                                        shmetrics_registry** registry,
                                                        shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_registry_status(const shmetrics_registry* registry,
                                                          shmetrics_status* status);
/// The status for people: where it is attached, or why not; then each kind of refusal, on a line of its own. As
/// snprintf(): writes what fits into `capacity` bytes, NUL included, and sets `*length` (may be null) to the bytes of
/// the whole text without NUL. `buffer` may be null if `capacity` is 0.
SHMETRICS_EXPORT shmetrics_code shmetrics_registry_describe(const shmetrics_registry* registry, char* buffer,
                                                            size_t capacity, size_t* length);

// Families. A family that is refused, or has no segment now, still works, in private memory: the reason is returned,
// and `*family` is set. Only after SHMETRICS_BAD_ARGUMENT, and after SHMETRICS_OUT_OF_MEMORY of this process itself, it
// is null. A call for a series of another kind of family is a SHMETRICS_BAD_ARGUMENT.

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
/// Says something of this process, like its version: a series `name`_info with these labels and the value 1, shown while
/// a process lives that says it. Said again by the same process with other values, they replace the former ones. `help`
/// may be null. What a family can be refused for is returned. See Registry::info() in shmetrics/registry.h.
SHMETRICS_EXPORT shmetrics_code shmetrics_info_say(shmetrics_registry* registry, const char* name,
                                                   const char* help, const shmetrics_labels* labels,
                                                   shmetrics_error* error);
/// Whether the family is registered in a segment now, or why not.
SHMETRICS_EXPORT shmetrics_code shmetrics_family_check(const shmetrics_family* family,
                                                       shmetrics_error* error);
/// Hides a series until somebody asks for it again; its value stays, and handles go on counting. SHMETRICS_NOT_FOUND if
/// there is none, or it is hidden already.
SHMETRICS_EXPORT shmetrics_code shmetrics_family_remove(const shmetrics_family* family,
                                                        const char* const* values, size_t count);

// Series: registered if new on this host, else looked up in some tens of nanoseconds without a lock. A label set that is
// refused still gives a handle, as in C++: of counters and histograms that of the family's overflow series, of gauges
// one that is shown nowhere; shmetrics_registry_status() counts it. What was taken without a segment counts in private
// memory for good, but for gauges: take it again. A null handle counts nowhere: the call says SHMETRICS_BAD_ARGUMENT.

SHMETRICS_EXPORT shmetrics_code shmetrics_counter_with(const shmetrics_family* family,
                                                       const char* const* values, size_t count,
                                                       shmetrics_counter** counter);
SHMETRICS_EXPORT shmetrics_code shmetrics_counter_inc(shmetrics_counter* counter);
SHMETRICS_EXPORT shmetrics_code shmetrics_counter_add(shmetrics_counter* counter, uint64_t n);

SHMETRICS_EXPORT shmetrics_code shmetrics_fractional_with(const shmetrics_family* family,
                                                          const char* const* values, size_t count,
                                                          shmetrics_fractional** counter);
/// A negative number, NaN or an infinity changes nothing and is a SHMETRICS_BAD_ARGUMENT.
SHMETRICS_EXPORT shmetrics_code shmetrics_fractional_add(shmetrics_fractional* counter, double n);

SHMETRICS_EXPORT shmetrics_code shmetrics_gauge_with(const shmetrics_family* family,
                                                     const char* const* values, size_t count,
                                                     shmetrics_gauge** gauge);
/// Any double is a value. The first set in a process claims its worker slot with a few system calls.
SHMETRICS_EXPORT shmetrics_code shmetrics_gauge_set(shmetrics_gauge* gauge, double value);
/// To this process's value, which counts as 0 before its first set.
SHMETRICS_EXPORT shmetrics_code shmetrics_gauge_add(shmetrics_gauge* gauge, double delta);
SHMETRICS_EXPORT shmetrics_code shmetrics_gauge_sub(shmetrics_gauge* gauge, double delta);

/// SHMETRICS_OUT_OF_MEMORY if this process has no room for a handle, which a series needs once.
SHMETRICS_EXPORT shmetrics_code shmetrics_histogram_with(const shmetrics_family* family,
                                                         const char* const* values, size_t count,
                                                         shmetrics_histogram** histogram);
/// NaN counts above all bounds; NaN and infinities are counted but not added to the sum.
SHMETRICS_EXPORT shmetrics_code shmetrics_histogram_observe(shmetrics_histogram* histogram, double value);

// Exemplars: what led to the latest observation of a bucket, or increment of a counter; OpenMetrics shows it. They take the
// family and the values of the series, not its handle, and look it up at each call. What is counted always counts; an
// exemplar that is not allowed (see Histogram::observe() in shmetrics/histogram.h), or has no place, is dropped and counted
// in the segment: that is no failure. Not for signal handlers.

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

// Leases: see Lease and LeaseGaugeFamily in shmetrics/lease.h for what they promise, and for the codes.

/// Takes a lease on a key, if it has fewer than `limit` live ones on this host; SHMETRICS_UNLIMITED: any number, 0: none
/// at all. It lives `ttl_ms` milliseconds from now and from each renewal; 0: as long as this process.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_try_acquire(const shmetrics_family* family,
                                                            const char* const* values, size_t count,
                                                            uint32_t limit, int64_t ttl_ms,
                                                            shmetrics_lease** lease, shmetrics_error* error);
/// Lets it live for its whole time from now on. SHMETRICS_ENDED if it has ended: what it stood for must stop.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_renew(shmetrics_lease* lease);
/// Ends it. SHMETRICS_ENDED if it had ended before. The handle is still to be freed.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_release(shmetrics_lease* lease);
/// SHMETRICS_OK if it lives now, SHMETRICS_ENDED if not.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_check(const shmetrics_lease* lease);
/// Ends it if it lives, and frees the handle. Null: no effect.
SHMETRICS_EXPORT void shmetrics_lease_free(shmetrics_lease* lease);
/// How many leases of a key are live on this host.
SHMETRICS_EXPORT shmetrics_code shmetrics_lease_count(const shmetrics_family* family,
                                                      const char* const* values, size_t count, uint64_t* live,
                                                      shmetrics_error* error);

#ifdef __cplusplus
}
#endif

// NOLINTEND(modernize-use-using, readability-identifier-naming)

#endif  // SHMETRICS_C_H_
