"""The process from which kernels are forked: torch is loaded, no learner's code has run, and it waits for orders.

It reads JSON lines: {"preload": [...]} first, then {"box": number, "folder": path, "limits": {...}} and
{"end": number}. It writes JSON lines: {"ready": true, "isolated": bool}, and {"ended": number, "why": "..."} per box.
"""

import gc
import importlib
import json
import os
import select
import signal
import sys

from course_lib.grading.inside.lifeline import end_with_parent

LOOK = 0.5  # seconds between two looks at which boxes have ended


def main(user, folder):
    parent = os.getppid()
    _drop(user)
    end_with_parent(parent)
    orders = _orders()
    first = next(order for order in orders if order is not None)
    _preload(first["preload"])
    isolated = first["isolate"] and _boxes_work(folder)
    _say({"ready": True, "isolated": isolated})
    running = {}
    for order in orders:
        _reap(running)
        if order is None:
            continue
        if "box" in order:
            running[_fork(order, isolated)] = order["box"]
        elif "end" in order:
            for child in [child for child, number in running.items() if number == order["end"]]:
                os.kill(child, signal.SIGTERM)  # it ends its box, says so, and ends
                _gone(running.pop(child), os.waitpid(child, 0)[1])
    for child in running:  # the grader is gone
        os.kill(child, signal.SIGTERM)


def _drop(user):
    """Become an ordinary user: root's processes are not limited in number, and root may read what others may not."""
    if os.getuid() == 0 and user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)


def _preload(modules):
    import torch

    torch.set_num_threads(1)
    import ipykernel.ipkernel
    import ipykernel.kernelapp  # noqa: F401
    import IPython.core.interactiveshell  # noqa: F401

    import course_lib.exercises
    import course_lib.grading.inside.answering
    from course_lib.exercises.watch import remember_library

    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as problem:  # the cell that imports it will say so
            print(f"not preloaded: {name}: {problem}", file=sys.stderr)
    course_lib.exercises.check = lambda exercise_id, answer: answer  # nothing in here can check
    remember_library()
    gc.collect()
    gc.freeze()


def _boxes_work(folder):
    from course_lib.grading.inside import box

    return box.supported(folder)


def _orders():
    """Orders from standard input, None for a while without any. Read without a file object, so that no fork inherits a
    half-read buffer."""
    waiting = b""
    while True:
        if not select.select([0], [], [], LOOK)[0]:
            yield None
            continue
        data = os.read(0, 65536)
        if not data:
            return
        *lines, waiting = (waiting + data).split(b"\n")
        for line in lines:
            yield json.loads(line)


def _fork(order, isolated):
    child = os.fork()
    if child:
        return child
    why = "failed"
    try:
        from course_lib.grading.inside import box

        os.setpgid(0, 0)
        os.close(0)
        os.open(os.devnull, os.O_RDONLY)
        why = box.run(order["folder"], order["limits"], isolated, lambda seal: _kernel(order["folder"], seal))
    except OSError as problem:
        print(f"no box: {problem}", file=sys.stderr)
    finally:
        _say({"ended": order["box"], "why": why})
        os._exit(0)


def _kernel(folder, seal):
    """Become a Jupyter kernel."""
    from ipykernel.kernelapp import IPKernelApp

    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)  # the pipe to the grader is not for the learner's process
    os.dup2(nothing, 2)
    os.chdir("/tmp")
    app = IPKernelApp.instance(capture_fd_output=False)
    app.initialize(["-f", os.path.join(folder, "kernel.json"), "--HistoryManager.enabled=False", "--no-secure"])
    sys.path = [place for place in sys.path if place not in ("", "/", "/tmp")]  # no module that a learner writes
    seal()
    app.start()


def _reap(running):
    """Forget the boxes that have ended."""
    for child in list(running):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _gone(running.pop(child), status)


def _gone(number, status):
    """Say that a box has ended, where it was killed and could not say so itself."""
    if status:
        _say({"ended": number, "why": "ended"})


def _say(message):
    os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
