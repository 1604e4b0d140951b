"""Refuse the system calls with which a learner's code could hold memory that counts nowhere, or reach others.

`box` watches what the processes of a box hold, and limits the files that they can write. In neither are files without a
name, System V segments, shared pages that nobody maps any more, and a file system mounted in a namespace of one's own.
Neither are semaphores, and large pages of which a pipe holds a small piece. Sockets of rare families reach what no
namespace hides (the host of a virtual machine). Who chooses processors takes those of other learners. A filter of the
kernel (seccomp) refuses these; it also holds for all that the learner's code starts.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

# <linux/audit.h>, and numbers from <asm/unistd.h>: these two machines have had filters since long ago
MACHINES = {
    "x86_64": (0xC000003E, dict(mmap=9, shmget=29, socket=41, clone=56, semget=64, msgget=68, unshare=272,
                                sched_setaffinity=203, vmsplice=278, memfd_create=319)),
    "aarch64": (0xC00000B7, dict(mmap=222, shmget=194, socket=198, clone=220, semget=190, msgget=186, unshare=97,
                                 sched_setaffinity=122, vmsplice=75, memfd_create=279)),
}  # fmt: skip
SAME_EVERYWHERE = dict(io_uring_setup=425, clone3=435, memfd_secret=447)
FOREIGN = 0x40000000  # from here on, x86-64 has the calls of x32
SHARED_WITHOUT_FILE = 0x01 | 0x20  # MAP_SHARED, MAP_ANONYMOUS
FAMILIES = (1, 2, 10, 16)  # of sockets: of files, and those that ZeroMQ looks at (IP, and the list of interfaces)
NAMESPACES = 0x7E020000  # every CLONE_NEW... flag of clone

_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06  # <linux/bpf_common.h>
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000  # <linux/seccomp.h>
_NUMBER, _MACHINE, _FIRST, _FOURTH = 0, 4, 16, 40  # where struct seccomp_data has them; arguments: their lower halves
_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2  # <linux/prctl.h>


def refuse_calls():
    """From now on, for this process and all that it starts. On other machines than `MACHINES`, nothing happens.

    Raises:
        OSError: this kernel has no filters.
    """
    if platform.machine() not in MACHINES or sys.maxsize < 2**32:
        return
    program = _program(*MACHINES[platform.machine()])
    length = len(program) // 8
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", length, ctypes.addressof(buffer))  # struct sock_fprog
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (_NO_NEW_PRIVS, 1, 0, 0, 0), (_SET_SECCOMP, _FILTER, ctypes.c_char_p(header), 0, 0)
    for each in arguments:
        if libc.prctl(*each):
            raise OSError(ctypes.get_errno(), f"prctl: {os.strerror(ctypes.get_errno())}")


def _program(machine, numbers):
    numbers = {**numbers, **SAME_EVERYWHERE}
    refuse = _step(_RETURN, _REFUSE | errno.EPERM)
    unknown = _step(_RETURN, _REFUSE | errno.ENOSYS)  # libraries then do without: clone in place of clone3
    foreign = _step(_RETURN, _REFUSE | errno.EAFNOSUPPORT)
    allow = _step(_RETURN, _ALLOW)
    steps = [_step(_LOAD, _MACHINE), _step(_EQUAL, machine, 1, 0), refuse]
    steps += [_step(_LOAD, _NUMBER), _step(_AT_LEAST, FOREIGN, 0, 1), refuse]
    for name in ("clone3", "memfd_create", "memfd_secret", "io_uring_setup"):
        steps += [_step(_EQUAL, numbers[name], 0, 1), unknown]
    for name in ("shmget", "semget", "msgget", "unshare", "sched_setaffinity", "vmsplice"):
        steps += [_step(_EQUAL, numbers[name], 0, 1), refuse]
    steps += [_step(_EQUAL, numbers["socket"], 0, 3 + len(FAMILIES)), _step(_LOAD, _FIRST)]
    steps += [_step(_EQUAL, family, len(FAMILIES) - place, 0) for place, family in enumerate(FAMILIES)]
    steps += [foreign, _step(_LOAD, _NUMBER)]
    steps += [_step(_EQUAL, numbers["mmap"], 0, 4), _step(_LOAD, _FOURTH), _step(_AND, SHARED_WITHOUT_FILE)]
    steps += [_step(_EQUAL, SHARED_WITHOUT_FILE, 0, 1), refuse, _step(_LOAD, _NUMBER)]
    steps += [_step(_EQUAL, numbers["clone"], 0, 4), _step(_LOAD, _FIRST), _step(_AND, NAMESPACES)]
    steps += [_step(_EQUAL, 0, 1, 0), refuse, allow]
    return b"".join(steps)


def _step(code, value, if_true=0, if_false=0):
    """One instruction: what to do, with which number, and how many steps to leap over."""
    return struct.pack("=HBBI", code, if_true, if_false, value)
