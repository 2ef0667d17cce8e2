"""The C interface of shmetrics, called through ctypes."""

import ctypes
from ctypes import POINTER, byref, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

SUM, UNLIMITED = 1, -1
LIMIT_REACHED = 60


class Error(ctypes.Structure):
    _fields_ = [("code", c_int32), ("message", ctypes.c_char * 256)]


class RegistryOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("segment", c_char_p), ("worker_name", c_char_p), ("trusted_owner", c_int64),
                ("segment_bytes", c_uint64), ("series_limit", c_uint32), ("family_series_limit", c_uint32),
                ("worker_slots", c_uint32), ("max_cpu_stripes", c_uint32), ("lease_limit", c_uint32),
                ("ledger_limit", c_uint32), ("shared_pid_namespaces", c_int32), ("private_decisions", c_int32)]


class FamilyOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("help", c_char_p), ("unit", c_char_p),
                ("labels", POINTER(c_char_p)), ("label_count", c_size_t)]


class Labels(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("names", POINTER(c_char_p)), ("values", POINTER(c_char_p)), ("count", c_size_t)]


def texts(*values):
    return (c_char_p * len(values))(*[value.encode() for value in values])


def labels(**pairs):
    return Labels(ctypes.sizeof(Labels), texts(*pairs.keys()), texts(*pairs.values()), len(pairs))


class Face:
    """One shared library."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.shmetrics_registry_global.restype = c_void_p
        self.library.shmetrics_code_name.restype = c_char_p

    def ask(self, name, *arguments):
        """Calls a function of the library that reports errors; returns the code and the message."""
        error = Error()
        code = getattr(self.library, "shmetrics_" + name)(*arguments, byref(error))
        assert code == error.code
        return code, error.message.decode()

    def call(self, name, *arguments, has_error=False):
        """Calls a function of the library that must succeed."""
        code, message = (self.ask(name, *arguments) if has_error
                         else (getattr(self.library, "shmetrics_" + name)(*arguments), ""))
        if code != 0:
            raise RuntimeError(f"{name}: {self.library.shmetrics_code_name(code).decode()}: {message}")

    def configured_registry(self, segment, segment_bytes):
        """The registry of this process, on this segment."""
        options = RegistryOptions(size=ctypes.sizeof(RegistryOptions), segment=segment.encode(),
                                  segment_bytes=segment_bytes)
        self.call("registry_configure", byref(options), has_error=True)
        return c_void_p(self.library.shmetrics_registry_global())

    def family(self, registry, kind, name, *more, labels=()):
        options = FamilyOptions(ctypes.sizeof(FamilyOptions), name.encode(), b"For a test.", None,
                                texts(*labels), len(labels))
        made = c_void_p()
        self.call(kind + "_family", registry, byref(options), *more, byref(made), has_error=True)
        return made

    def series(self, kind, of, *values):
        handle = c_void_p()
        self.call(kind + "_with", of, texts(*values), c_size_t(len(values)), byref(handle))
        return handle

    def try_acquire(self, leases, *values, limit=UNLIMITED):
        """The code, the message and the lease."""
        lease = c_void_p()
        code, message = self.ask("lease_try_acquire", leases, texts(*values), c_size_t(len(values)), c_int64(limit),
                                 c_int64(0), byref(lease))
        return code, message, lease
