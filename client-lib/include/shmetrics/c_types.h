#ifndef SHMETRICS_C_TYPES_H_
#define SHMETRICS_C_TYPES_H_

/// The codes, structs and handle types of the C interface. Include shmetrics/c.h, which says how to use them.
/// The numbers and the order of members are the binary interface: no number is ever changed or used again.

#include <stddef.h>
#include <stdint.h>

// NOLINTBEGIN(modernize-use-using, readability-identifier-naming): C has names of its own.

/// The version of the interface: rises whenever a function or code is added. See shmetrics_abi_version().
#define SHMETRICS_ABI_VERSION 2U

/// How a call ended: SHMETRICS_OK, or the reason for the failure. Later versions may return more codes: treat
/// an unknown one as a failure.
typedef int32_t shmetrics_code;
enum {
  SHMETRICS_OK = 0,
  // The C interface's own.
  SHMETRICS_BAD_ARGUMENT = 1,    ///< a null pointer, a family of another kind, or a number without a meaning
  SHMETRICS_ENDED = 2,           ///< the lease, stream or job had already ended
  SHMETRICS_NOT_FOUND = 3,       ///< the series does not exist or is already hidden
  SHMETRICS_ALREADY_IN_USE = 4,  ///< too late: the global registry has been used
  SHMETRICS_OTHER = 5,           ///< a failure without a code of its own; its message says which
  // Attaching to a segment.
  SHMETRICS_ABSENT = 10,         ///< no file of that name exists
  SHMETRICS_NOT_OPENABLE = 11,   ///< the kernel refused to open or map it
  SHMETRICS_SYMLINK = 12,        ///< the name is a symbolic link
  SHMETRICS_NOT_REGULAR = 13,    ///< a directory, device, pipe or socket
  SHMETRICS_FOREIGN_OWNER = 14,  ///< the owner is neither this user, root nor the folder's owner
  SHMETRICS_UNSAFE_MODE = 15,    ///< readable or writable by the world
  SHMETRICS_HARD_LINKED = 16,    ///< the file has another name
  SHMETRICS_TRUNCATED = 17,      ///< shorter than its own header says
  SHMETRICS_BAD_MAGIC = 18,      ///< not a shmetrics segment
  SHMETRICS_OTHER_LAYOUT = 19,   ///< a segment of another shmetrics layout
  SHMETRICS_OTHER_BOOT = 20,     ///< left over from before a reboot
  SHMETRICS_CORRUPT = 21,        ///< the header contradicts itself
  // Making or growing one.
  SHMETRICS_NOT_CREATABLE = 30,  ///< the folder or file could not be made
  SHMETRICS_OUT_OF_MEMORY = 31,  ///< tmpfs, the machine, the control group or this process has no room
  SHMETRICS_SEGMENT_FULL = 32,   ///< the segment has reached its configured maximum
  SHMETRICS_BAD_OPTION = 33,     ///< an option is out of its range
  // Metric families and series.
  SHMETRICS_INVALID_NAME = 40,     ///< not a metric or label name, or a reserved one
  SHMETRICS_INVALID_LABELS = 41,   ///< wrong number of label values, invalid UTF-8, or too long
  SHMETRICS_INVALID_BUCKETS = 42,  ///< bounds not finite, not increasing, or too many
  SHMETRICS_CONFLICT = 43,         ///< registered before with another type, label set, bounds or mode
  SHMETRICS_NAME_COLLISION = 44,   ///< would expose a sample name that another family exposes
  SHMETRICS_SERIES_LIMIT = 45,     ///< the family or the segment has its maximum of series
  // Workers.
  SHMETRICS_NO_FREE_SLOT = 50,  ///< every worker slot belongs to a living process
  // Leases.
  SHMETRICS_LIMIT_REACHED = 60,     ///< the key has as many live leases as the caller allows
  SHMETRICS_BUSY = 61,              ///< nothing was decided: ask again
  SHMETRICS_LEASE_TABLE_FULL = 62,  ///< the segment has its maximum of leases
  SHMETRICS_UNRECOVERABLE = 63,     ///< the lock of the key's shard can never be taken again
  /// This process is in another PID namespace than the maker of the segment.
  SHMETRICS_FOREIGN_NAMESPACE = 64,
  // Audio quotas.
  SHMETRICS_CONCURRENT_STREAMS = 70,  ///< the user has as many streams as the tier allows
  SHMETRICS_CONCURRENT_JOBS = 71,     ///< the user has as many jobs as the tier allows
  SHMETRICS_DAILY_MINUTES = 72,       ///< the user has used up the minutes of the day
  SHMETRICS_LEDGER_FULL = 73,         ///< the segment has its maximum of users in the ledger
  SHMETRICS_NOT_USED = 74,            ///< more minutes were to be given back than the user has used today
  // All of them.
  /// The kernel did not say what the answer depends on: a namespace of this process, its memory limit.
  SHMETRICS_UNKNOWN = 80
};

/// Size of the longest message; longer ones are cut.
#define SHMETRICS_MESSAGE_SIZE 256

/// Tells more about how a call ended; the caller owns it. After a success the code is SHMETRICS_OK and the
/// message is empty. After a failure the message is one line of UTF-8 without a final full stop, safe to log.
typedef struct shmetrics_error {
  shmetrics_code code;
  char message[SHMETRICS_MESSAGE_SIZE];
} shmetrics_error;

// Opaque: only the library knows what handles point to.
typedef struct shmetrics_registry shmetrics_registry;        ///< one segment, and the families in it
typedef struct shmetrics_family shmetrics_family;            ///< a metric family of any kind
typedef struct shmetrics_counter shmetrics_counter;          ///< one counter series
typedef struct shmetrics_fractional shmetrics_fractional;    ///< one counter series that takes fractions
typedef struct shmetrics_gauge shmetrics_gauge;              ///< this process's value in one gauge series
typedef struct shmetrics_histogram shmetrics_histogram;      ///< one histogram series
typedef struct shmetrics_lease shmetrics_lease;              ///< one lease of this process
typedef struct shmetrics_quota shmetrics_quota;              ///< decides how much audio each user may use
typedef struct shmetrics_activity shmetrics_activity;        ///< a stream or a job that was admitted
typedef struct shmetrics_reservation shmetrics_reservation;  ///< minutes held back for work in progress

/// For the limit of a lease: any number. So is every negative one.
#define SHMETRICS_UNLIMITED INT64_C(-1)
/// In shmetrics_limits: any number.
#define SHMETRICS_NO_LIMIT UINT32_MAX
/// For max_wait_ms: do not wait. So is every negative one.
#define SHMETRICS_NO_WAIT INT64_C(-1)
/// For max_cpu_stripes: no stripes.
#define SHMETRICS_NO_CPU_STRIPES UINT32_MAX

/// Where a registry finds its segment, and how it makes the segment if there is none. Every member but `size`
/// may be 0 or null, which means: as environment or ini file say, else its default. RegistryOptions says how
/// they are read. Sizes matter only to the process that makes the segment.
typedef struct shmetrics_registry_options {
  size_t size;  ///< sizeof(shmetrics_registry_options) when the caller was compiled
  /// Path of the segment file. Default: as in RegistryOptions.
  const char* segment;
  /// This process's name in the list of workers; UTF-8, cut to 32 bytes. Default: the program's name.
  const char* worker_name;
  /// uid of one more user who may own the file, or -1 for nobody; root always may. Default: nobody.
  int64_t trusted_owner;
  uint64_t segment_bytes;        ///< the largest size it may grow to; 1 MiB .. 64 GiB. Default: 256 MiB
  uint32_t series_limit;         ///< series in the segment; 16 .. 16,777,216. Default: 200,000
  uint32_t family_series_limit;  ///< series in one family; 1 .. series_limit. Default: 10,000
  uint32_t worker_slots;         ///< processes with gauges or leases at once; 1 .. 65,536. Default: 1,024
  uint32_t max_cpu_stripes;      ///< up to 4,096, or SHMETRICS_NO_CPU_STRIPES. Default: 256
  uint32_t lease_limit;          ///< live leases at once; 512 .. 1,048,576. Default: 65,536
  uint32_t ledger_limit;         ///< users whose tier and minutes are kept; 512 .. 1,048,576. Default: 65,536
  /// 1: processes of several PID namespaces take leases, which costs each of them a file lock. -1: they do
  /// not. Default: they do not.
  int32_t shared_pid_namespaces;
  /// 1: limits are decided within each process as long as there has never been a segment. -1: nothing is
  /// decided then, and leases, streams, jobs and minutes answer SHMETRICS_ABSENT. Default: nothing is.
  int32_t private_decisions;
} shmetrics_registry_options;

/// The name of a metric family and the labels of its series. FamilyOptions in shmetrics/family.h says what is
/// allowed. The texts are copied.
typedef struct shmetrics_family_options {
  size_t size;                ///< sizeof(shmetrics_family_options) when the caller was compiled
  const char* name;           ///< a counter gets the ending _total if its name lacks it
  const char* help;           ///< one sentence for people; null: none
  const char* unit;           ///< base unit, for example "seconds"; null: none
  const char* const* labels;  ///< label names; null if there are none
  size_t label_count;         ///< at most 32
} shmetrics_family_options;

/// Labels with their values: for an info, or for the exemplar of one observation or increment, for example a
/// trace_id. The texts are copied.
typedef struct shmetrics_labels {
  size_t size;                ///< sizeof(shmetrics_labels) when the caller was compiled
  const char* const* names;   ///< null if there are none
  const char* const* values;  ///< as many values as names
  size_t count;
} shmetrics_labels;

/// The state of a registry. Whether it decides limits within the process is told by
/// shmetrics_registry_describe().
typedef struct shmetrics_status {
  int32_t attached;  ///< 1: to a segment; 0: everything counts in private memory
  /// 1: a limit was reached or memory ran out, and some label sets or gauges have no place.
  int32_t full;
  uint64_t refusals;          ///< families, label sets and worker slots that this process was refused
  shmetrics_error condition;  ///< why it is not attached, or cannot replace a segment that was removed
} shmetrics_status;

/// How the values of several workers are combined: see GaugeMode in shmetrics/gauge.h.
typedef int32_t shmetrics_gauge_mode;
enum {
  SHMETRICS_GAUGE_SUM = 1,
  SHMETRICS_GAUGE_MIN = 2,
  SHMETRICS_GAUGE_MAX = 3,
  SHMETRICS_GAUGE_MOST_RECENT = 4,
  SHMETRICS_GAUGE_PER_WORKER = 5,
  SHMETRICS_GAUGE_LAST = 6
};

// NOLINTEND(modernize-use-using, readability-identifier-naming)

#endif  // SHMETRICS_C_TYPES_H_
