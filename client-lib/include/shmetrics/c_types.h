#ifndef SHMETRICS_C_TYPES_H_
#define SHMETRICS_C_TYPES_H_

/// The codes, structs and handle types of the C interface. Include shmetrics/c.h, which says how they are used.
/// The numbers and the order of members are the binary interface: none is ever changed or re-used.

#include <stddef.h>
#include <stdint.h>

// NOLINTBEGIN(modernize-use-using, readability-identifier-naming): C has names of its own.

/// How many functions and codes this header has: rises with every addition. See shmetrics_abi_version().
#define SHMETRICS_ABI_VERSION 2U

/// How a call ended: SHMETRICS_OK, or why not. Later versions may return further codes: treat one you do not know as a
/// failure.
typedef int32_t shmetrics_code;
enum {
  SHMETRICS_OK = 0,
  // The C interface's own.
  SHMETRICS_BAD_ARGUMENT = 1,    ///< a null pointer, a family of another kind, a number that names nothing
  SHMETRICS_ENDED = 2,           ///< the lease, stream or job had ended already
  SHMETRICS_NOT_FOUND = 3,       ///< there is no such series, or it is hidden already
  SHMETRICS_ALREADY_IN_USE = 4,  ///< too late: the global registry has been used
  SHMETRICS_OTHER = 5,           ///< a failure that has no code of its own here; its message says which
  // Attaching to a segment.
  SHMETRICS_ABSENT = 10,         ///< no file of that name
  SHMETRICS_NOT_OPENABLE = 11,   ///< the kernel refused to open or map it
  SHMETRICS_SYMLINK = 12,        ///< the name is a symbolic link
  SHMETRICS_NOT_REGULAR = 13,    ///< a directory, device, pipe or socket
  SHMETRICS_FOREIGN_OWNER = 14,  ///< owned by none of: this user, root, the folder's owner
  SHMETRICS_UNSAFE_MODE = 15,    ///< readable or writable by the world
  SHMETRICS_HARD_LINKED = 16,    ///< the file has another name
  SHMETRICS_TRUNCATED = 17,      ///< shorter than its own header says
  SHMETRICS_BAD_MAGIC = 18,      ///< not a shmetrics segment
  SHMETRICS_OTHER_LAYOUT = 19,   ///< a segment of another layout of shmetrics
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
  SHMETRICS_FOREIGN_NAMESPACE =
      64,  ///< this process is in another PID namespace than the maker of the segment
  // Audio quotas.
  SHMETRICS_CONCURRENT_STREAMS = 70,  ///< the user has as many streams as the tier allows
  SHMETRICS_CONCURRENT_JOBS = 71,     ///< the user has as many jobs as the tier allows
  SHMETRICS_DAILY_MINUTES = 72,       ///< the user has used up the minutes of the day
  SHMETRICS_LEDGER_FULL = 73          ///< the segment has its maximum of users in the ledger
};

/// Room for the longest message; a longer one is cut.
#define SHMETRICS_MESSAGE_SIZE 256

/// The caller's: where a function tells more about how it ended. After a success the code is SHMETRICS_OK and the
/// message empty; else the message is one line of UTF-8 without a final full stop, safe to log.
typedef struct shmetrics_error {
  shmetrics_code code;
  char message[SHMETRICS_MESSAGE_SIZE];
} shmetrics_error;

// What handles point to is the library's business.
typedef struct shmetrics_registry shmetrics_registry;      ///< one segment, and the families in it
typedef struct shmetrics_family shmetrics_family;          ///< a metric family of any kind
typedef struct shmetrics_counter shmetrics_counter;        ///< one counter series
typedef struct shmetrics_fractional shmetrics_fractional;  ///< one counter series that takes fractions
typedef struct shmetrics_gauge shmetrics_gauge;            ///< this process's value in one gauge series
typedef struct shmetrics_histogram shmetrics_histogram;    ///< one histogram series
typedef struct shmetrics_lease shmetrics_lease;            ///< one thing in use by this process
typedef struct shmetrics_quota shmetrics_quota;            ///< who may use how much audio
typedef struct shmetrics_activity shmetrics_activity;      ///< a stream or a job that has been let in

/// Any number.
#define SHMETRICS_UNLIMITED UINT32_MAX
/// For max_cpu_stripes: not one.
#define SHMETRICS_NO_CPU_STRIPES UINT32_MAX

/// Where a registry finds its segment, and how it makes one if it is the first. Every member but `size` may be 0 or
/// null: its default. Sizes count only for the process that makes the segment.
typedef struct shmetrics_registry_options {
  size_t size;          ///< sizeof(shmetrics_registry_options), as the caller was compiled
  const char* segment;  ///< path of the segment file. Default: $SHMETRICS_SEGMENT, else as RegistryOptions
  const char*
      worker_name;        ///< what people see of this process; UTF-8, cut to 32 bytes. Default: the program's
  int64_t trusted_owner;  ///< uid of one more user who may own the file. Default: nobody (root always may)
  uint64_t segment_bytes;        ///< the most it may grow to; 1 MiB .. 64 GiB. Default: 256 MiB
  uint32_t series_limit;         ///< in the segment; 16 .. 16,777,216. Default: 200,000
  uint32_t family_series_limit;  ///< in one family; 1 .. series_limit. Default: 10,000
  uint32_t worker_slots;     ///< processes that hold gauges or leases at once; 1 .. 65,536. Default: 1,024
  uint32_t max_cpu_stripes;  ///< up to 4,096, or SHMETRICS_NO_CPU_STRIPES. Default: 256
  uint32_t lease_limit;      ///< leases at once; 512 .. 1,048,576. Default: 65,536
  uint32_t ledger_limit;     ///< users whose tier and minutes are kept; 512 .. 1,048,576. Default: 65,536
  int32_t
      shared_pid_namespaces;  ///< not 0: processes of several PID namespaces take leases; costs each a file lock
  uint32_t reserved;          ///< 0
} shmetrics_registry_options;

/// What a metric family is called and which labels its series have: see FamilyOptions in shmetrics/family.h for what is
/// allowed. The texts are copied.
typedef struct shmetrics_family_options {
  size_t size;                ///< sizeof(shmetrics_family_options), as the caller was compiled
  const char* name;           ///< a counter whose name does not end in _total gets that ending
  const char* help;           ///< one sentence for people; null: none
  const char* unit;           ///< base unit, for example "seconds"; null: none
  const char* const* labels;  ///< label names; null if there are none
  size_t label_count;         ///< at most 32
} shmetrics_family_options;

/// Labels with their values: of an info, or the exemplar of one observation or increment, for example a trace_id. The texts
/// are copied.
typedef struct shmetrics_labels {
  size_t size;                ///< sizeof(shmetrics_labels), as the caller was compiled
  const char* const* names;   ///< null if there are none
  const char* const* values;  ///< as many
  size_t count;
} shmetrics_labels;

/// How a registry stands.
typedef struct shmetrics_status {
  int32_t attached;  ///< 1: to a segment; 0: everything counts in private memory
  int32_t full;      ///< 1: a limit or the memory's end has been met: some label sets or gauges have no place
  uint64_t refusals;          ///< families, label sets and worker slots that this process was refused
  shmetrics_error condition;  ///< why it is not attached, or cannot replace a segment that was removed
} shmetrics_status;

/// How the values of several workers become one: see GaugeMode in shmetrics/gauge.h.
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
