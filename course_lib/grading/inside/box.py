"""One kernel in a box of its own: processes, mounts and memory of one learner, all gone when it ends.

Called in a fresh fork of the zygote, before any learner's code. Where the system allows it, the box is a set of
namespaces within those of the sandbox; what it may use is limited in any case.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time

from course_lib.grading.inside.lifeline import end_with_parent
from course_lib.grading.inside.syscalls import refuse_calls

# <linux/sched.h>, <linux/mount.h>, <linux/prctl.h>
NEWNS, NEWIPC, NEWUSER, NEWPID = 0x00020000, 0x08000000, 0x10000000, 0x20000000
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
DUMPABLE, CAPBSET_DROP, SUBREAPER, NO_NEW_PRIVS = 4, 24, 36, 38

SCRATCH = ("/tmp", "/dev/shm")  # what a learner may write to
# What /proc says that a process holds for itself: also what was put on a disk, and the tables of empty pages.
HELD = ("RssAnon", "RssShmem", "VmSwap", "VmPTE")
MEMORY = 10  # exit code of the first process of a box
WATCH = 0.05  # seconds between two looks at the memory


def run(folder, limits, isolated, start):
    """Run a kernel in a box and return why it ended. Call it in a fork that may be spent.

    Args:
        folder: holds the connection file; the kernel's sockets are made there.
        limits: {"memory": MB, "cpu": s, "processes": n, "files": n, "file": MB, "scratch": MB}.
        isolated: whether to make namespaces.
        start: function (seal) that becomes the kernel; it calls `seal()` when its sockets are bound.
    Returns:
        "memory" when it took more than it may, else "ended".
    """
    above, watcher = os.getppid(), os.getpid()
    if isolated:
        _unshare()
    inner = os.fork()
    if inner:
        end = signal.SIGKILL if isolated else signal.SIGTERM
        signal.signal(signal.SIGTERM, lambda *_: os.kill(inner, end))
        end_with_parent(above, signal.SIGTERM)
        status = os.waitpid(inner, 0)[1]
        return "memory" if os.waitstatus_to_exitcode(status) == MEMORY else "ended"
    try:
        end_with_parent(None if isolated else watcher)
        _be_first(folder, limits, isolated, start)  # this process is the first of the box: with it, all others end
    finally:
        os._exit(1)


def supported(folder):
    """Whether boxes can have namespaces here: tried in a fork."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    try:
        _unshare()
        inner = os.fork()
        if inner:
            os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]))
        _mounts(folder, 1)
        _seal(folder)
        refuse_calls()
        os._exit(0)
    except OSError:
        os._exit(1)


def _be_first(folder, limits, isolated, start):
    if isolated:
        _mounts(folder, limits["scratch"])
    else:
        _call("prctl", SUBREAPER, 1, 0, 0, 0)  # what a learner leaves behind becomes a child of this process
        signal.signal(signal.SIGTERM, lambda *_: (_end_all(), os._exit(0)))
    bound, sealed = os.pipe(), os.pipe()
    first = os.getpid()
    kernel = os.fork()
    if kernel == 0:
        end_with_parent(first)
        os.close(bound[0])
        os.close(sealed[1])
        _be_limited(limits, isolated)
        start(lambda: (os.write(bound[1], b"."), os.read(sealed[0], 1), os.close(bound[1]), os.close(sealed[0])))
        sys.stdout.flush()
        os._exit(0)
    os.close(bound[1])
    os.close(sealed[0])
    if os.read(bound[0], 1) and isolated:
        _seal(folder)
    os.write(sealed[1], b".")
    why = _watch(kernel, limits)
    if not isolated:
        _end_all()
    os._exit(why)


def _end_all():
    """Without namespaces, end what the kernel started, as far as it can be found."""
    for name in _descendants(_myself()):
        with contextlib.suppress(OSError):
            os.kill(int(name), signal.SIGKILL)


def _watch(kernel, limits):
    """Wait for the kernel to end, or to take too much memory together with its children; returns the exit code."""
    while True:
        ended, _ = os.waitpid(-1, os.WNOHANG)
        if ended == kernel:
            return 0
        if ended == 0:
            if sum(_descendants(_myself()).values()) > limits["memory"] * 2**20:
                return MEMORY
            time.sleep(WATCH)


def _myself():
    """This process's number as /proc has it, which may belong to a namespace further out."""
    return os.path.basename(os.readlink("/proc/self"))


def _descendants(first):
    """From process number to the bytes that it holds for itself, for all below `first`."""
    parents, sizes = {}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/status") as file:
                rows = dict(line.split(":", 1) for line in file if line.startswith(("PPid", *HELD)))
        except (OSError, ValueError):  # it has just ended
            continue
        parents[name] = rows.get("PPid", "0").strip()
        sizes[name] = sum(int(rows[key].split()[0]) * 1024 for key in HELD if key in rows)
    found, waiting = {}, [first]
    while waiting:
        parent = waiting.pop()
        below = [name for name, its in parents.items() if its == parent and name not in found]
        found |= {name: sizes[name] for name in below}
        waiting += below
    return found


def _unshare():
    _call("prctl", DUMPABLE, 1, 0, 0, 0)  # without it, /proc/self/uid_map belongs to root after a change of user
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEWUSER | NEWNS | NEWPID | NEWIPC)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _mounts(folder, megabytes):
    _mount(None, "/", None, REC | PRIVATE)
    scratch = tuple(f"{place}/" for place in SCRATCH)
    covered = {path for path in (sys.prefix, sys.base_prefix) if path.startswith(scratch)}
    python = {path: os.open(path, os.O_PATH) for path in sorted(covered)}
    for place in SCRATCH:
        _mount("tmpfs", place, "tmpfs", NOSUID | NODEV, f"size={megabytes}m,nr_inodes=10000,mode=1777")
    for path, handle in python.items():  # an environment that lies in /tmp stays, read-only as it was
        os.makedirs(path, exist_ok=True)
        _mount(f"/proc/self/fd/{handle}", path, None, BIND | REC)
        os.close(handle)
    _mount(folder, folder, None, BIND)
    above = os.path.dirname(folder)
    if os.path.ismount(above):  # where the folders of all boxes are: nothing may be left there for the next one
        _mount(None, above, None, REMOUNT | BIND | RDONLY | NOSUID | NODEV)
    if os.path.exists("/dev/zero"):  # its pages can be shared and left behind, as those without a file
        _mount("/dev/null", "/dev/zero", None, BIND)


def _seal(folder):
    """From now on the folder with the sockets can be used, not written to."""
    _mount(None, folder, None, REMOUNT | BIND | RDONLY | NOSUID | NODEV | NOEXEC)


def _be_limited(limits, isolated):
    _call("prctl", NO_NEW_PRIVS, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if isolated:
        for capability in range(64):
            if _libc().prctl(CAPBSET_DROP, capability, 0, 0, 0):
                break
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
        _call("capset", header, (ctypes.c_uint32 * 6)())
    os.setsid()  # a group of its own: a signal to the whole group crosses namespaces, and would reach whoever watches
    megabyte = 2**20
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, limits["cpu"])
    _limit(resource.RLIMIT_NOFILE, limits["files"])
    _limit(resource.RLIMIT_FSIZE, limits["file"] * megabyte)
    _limit(resource.RLIMIT_DATA, (limits["memory"] + 512) * megabyte)  # torch itself maps some 400 MB
    if isolated:  # elsewhere it would count all that the user runs
        _limit(resource.RLIMIT_NPROC, limits["processes"])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing past the limit is an error, not the end
    with contextlib.nullcontext() if isolated else contextlib.suppress(OSError):
        refuse_calls()


def _limit(which, value):
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _libc():
    return ctypes.CDLL(None, use_errno=True)


def _call(name, *arguments):
    if getattr(_libc(), name)(*arguments):
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def _mount(source, target, kind, flags, data=None):
    _call("mount", *(text.encode() if text else None for text in (source, target, kind)), flags, data and data.encode())
