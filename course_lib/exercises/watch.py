"""Watch an answer while it runs: refuse what its exercise forbids, by whatever way it is called.

Two hooks of torch see every operation of the thread that they are set in: one by the name that it was called by, one
below Python, where TorchScript and converted modules arrive, too. Both are blind in other threads and processes, so
none may be started meanwhile, and none of the notebook's may be running. Python's own audit hook sees every start.
"""

import contextlib
import functools
import sys
import threading
import types

import torch
from torch.overrides import TorchFunctionMode

# The one name that torch documents for this, in spite of the underscore: "Extending PyTorch", the section on modes.
from torch.utils._python_dispatch import TorchDispatchMode

from .shortcuts import SYNONYMS
from .source import functions_of

WATCHED = ("torch", "numpy", "scipy", "torchvision")  # libraries whose operations are refused by name
NAMESPACES = ("aten", "prim", "prims", "profiler", "torchvision")  # of operators that call no others unseen
SOLVERS = {"lstsq", "pinv", "inv", "solve", "qr", "svd", "eigh", "eig", "cholesky", "lufactor", "lu", "ldlfactor",
           "solvetriangular", "triangularsolve", "geqrf", "lusolve", "choleskysolve", "choleskyinverse", "pinvh",
           "svdvals", "ldl", "schur", "nnls"}  # fmt: skip
STARTS = {"_thread.start_new_thread", "_thread.start_joinable_thread", "os.fork", "os.forkpty", "os.posix_spawn",
          "os.spawn", "os.exec", "os.system", "subprocess.Popen", "pty.spawn"}  # fmt: skip


class Forbidden(Exception):
    """The learner's code did what the exercise is to do without. Its text is a sentence for the learner."""


def terms_of(exercise):
    """What is watched for while an answer to an exercise runs, as plain data; None where nothing is."""
    if not exercise.forbidden:
        return None
    names = {_key(name.rpartition(".")[2]) for name in exercise.forbidden if name.partition(".")[0] in WATCHED}
    names |= {synonym for name in names for synonym in SYNONYMS.get(name, ())}
    return {"names": sorted(names), "system": list(exercise.system) if exercise.system else None}


@contextlib.contextmanager
def watched(terms, answer):
    """Run what stands inside under the watch.

    Args:
        terms: from `terms_of`; with None nothing is watched.
        answer: the function or class that is about to be called.
    Raises:
        Forbidden: in the learner's code where it does what it may not; and at once where a thread of the notebook is
            running, or a function of the library has been replaced.
    """
    if terms is None:
        yield
        return
    _refuse_replaced()
    _refuse_threads_of(answer)
    names, system = frozenset(terms["names"]), tuple(terms["system"] or ())
    _refused.clear()
    try:
        with _alone(), _by_name(names), _below(names, system), _numpy(system):
            yield
    except Exception:
        if _refused:  # whatever became of it on the way: TorchScript makes an error of its own out of it
            raise Forbidden(_refused[0]) from None
        raise
    _refuse_replaced()


def _key(name):
    return name.lower().replace("_", "")


_refused = []  # what was refused since the watch began


def _refuse(text):
    _refused.append(text)
    raise Forbidden(text)


def _refuse_call(name):
    _refuse(f"The exercise is to do without {name}, which your code calls. Write yourself what it does.")


class _by_name(TorchFunctionMode):
    """Operations by the names of torch's functions and of the methods of tensors."""

    def __init__(self, names):
        super().__init__()
        self.names = names

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = str(getattr(func, "__name__", "")).partition(".")[0]
        if _key(name) in self.names:
            _refuse_call(name)
        return func(*args, **(kwargs or {}))


class _below(TorchDispatchMode):
    """Operations as they arrive below Python: a convolution by the axes of what it is given."""

    def __init__(self, names, system):
        super().__init__()
        self.names, self.system = names, system

    def seen(self, func, types, args=(), kwargs=None):
        namespace, _, name = func.name().partition("::")
        name = name.partition(".")[0]
        if namespace not in NAMESPACES:
            _refuse_call(f"operators of its own ({namespace}::{name})")
        key, tensors = _key(name), [value for value in args if isinstance(value, torch.Tensor)]
        if "conv" in key:
            axes = max((tensor.dim() for tensor in tensors), default=2) - 2
            if f"conv{axes}d" in self.names:
                _refuse_call(f"conv{axes}d")
        elif key in self.names:
            _refuse_call(name)
        if self.system and tensors:
            _refuse_other_systems(key.removeprefix("linalg").removesuffix("ex"), name, tensors[0].shape, self.system)
        return func(*args, **(kwargs or {}))


_below.__torch_dispatch__ = _below.seen  # given when the class is made, torch would load its compiler: seconds


def _refuse_other_systems(key, name, shape, system):
    if key in SOLVERS and len(shape) >= 2 and tuple(shape[-2:]) != system:
        name = name.removesuffix("_ex").strip("_").removeprefix("linalg_")
        got, asked = (" x ".join(map(str, size)) for size in (shape[-2:], system))
        _refuse(
            f"{name} was given a matrix of {got}. A solver of the library may be given the {asked} system alone: write "
            "the sums yourself."
        )


@contextlib.contextmanager
def _numpy(system):
    """The solvers of NumPy and SciPy, which no hook of torch sees: by Python's own hook for calls."""
    if not system:
        yield
        return

    def called(frame, event, argument):
        home = str(frame.f_globals.get("__name__", "")) if event == "call" else ""
        if home.startswith(("numpy.linalg", "scipy.linalg", "scipy.optimize")) and frame.f_code.co_argcount:
            name = frame.f_code.co_name
            shape = getattr(frame.f_locals.get(frame.f_code.co_varnames[0]), "shape", ())
            _refuse_other_systems(_key(name), name, shape, system)

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        yield
    finally:
        sys.setprofile(before)


# Alone -------------------------------------------------------------------------------------------------------------

_guarded = set()  # the threads that may start nothing


def _audit(event, arguments):
    if _guarded and event in STARTS and threading.get_ident() in _guarded:
        _refuse_start()


def _refuse_start():
    _refuse(
        "Your code starts a thread or a process while it is tested. This exercise forbids some functions, so "
        "everything has to happen in your function itself."
    )


@functools.cache
def _audited():
    sys.addaudithook(_audit)  # for good: nothing takes such a hook away


@contextlib.contextmanager
def _alone():
    _audited()
    me, start = threading.get_ident(), threading.Thread.start

    def refuse_mine(thread):  # Python 3.11 and before tell no hook of a thread's start
        return _refuse_start() if threading.get_ident() == me else start(thread)

    _guarded.add(me)
    threading.Thread.start = refuse_mine
    try:
        yield
    finally:
        threading.Thread.start = start
        _guarded.discard(me)


def _refuse_threads_of(answer):
    """Refuse to begin while a thread runs what the learner's cells define: it could work for the answer unseen."""
    homes = [function.__globals__ for function in functions_of(answer)]
    frames = sys._current_frames()
    for thread in threading.enumerate():
        if thread is threading.current_thread():
            continue
        held = [_function_in(value) for value in vars(thread).values()]
        running = [frame.f_globals for frame in _stack(frames.get(thread.ident))]
        running += [function.__globals__ for function in held if function is not None]
        if any(one is home for one in running for home in homes):
            raise Forbidden(
                f"A thread of your notebook is running ({thread.name}). This exercise forbids some functions, so "
                "everything has to happen in your function itself: restart the kernel, and leave the thread out."
            )


def _stack(frame):
    while frame is not None:
        yield frame
        frame = frame.f_back


def _function_in(value):
    value = getattr(value, "func", value)  # of a partial
    value = getattr(value, "__func__", value)  # of a method
    return value if isinstance(value, types.FunctionType) else None


# The library stays as it is ----------------------------------------------------------------------------------------

_first_seen = {}  # from the name of a module of the course to the functions and classes that it had
_OF_TORCH = ("torch", "torch.nn.functional", "torch.linalg")  # torch exchanges functions of its own: only others count
_NOT_CALLED = ("exercises", "lesson", "authoring", "grading", "bench")  # folders that no answer has a use for


def remember_library():
    """Note the functions and classes of each module that a learner might replace, when it is first seen."""
    for name, module in list(sys.modules.items()):
        ours = name.startswith("course_lib.") and name.split(".")[1] not in _NOT_CALLED
        if ours and name not in _first_seen and isinstance(module, types.ModuleType):
            found = vars(module).items()
            _first_seen[name] = {key: value for key, value in found if isinstance(value, (types.FunctionType, type))}


def _refuse_replaced():
    remember_library()
    places = [(name, key) for name, had in _first_seen.items() for key in had if _differs(name, key, had[key])]
    for name in (*_OF_TORCH, *_first_seen):
        now = vars(sys.modules[name]) if name in sys.modules else {}
        found = [key for key, value in now.items() if getattr(value, "__module__", "") == "__main__"]
        places += [(name, key) for key in found]
    if places:
        raise Forbidden(
            f"{'.'.join(places[0])} is no longer what the library has there: your code replaced it. Leave imported "
            "modules as they are (restart the kernel to get it back), and write your own function beside them."
        )


def _differs(module, key, value):
    return module in sys.modules and vars(sys.modules[module]).get(key) is not value


remember_library()
