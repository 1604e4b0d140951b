# ruff: noqa: E501 (the sources of the attacks are easier to read whole)
"""Submissions that try to gain points, to harm the grader, or to see what is none of their business.

Each is (what it tries, exercise, source of the cell, what happens to the points). A right answer beside an attack still
counts where the attack is harmless; nothing else may.
"""

FOUL = "def halves(x):\n    {body}\n    return 0"
RIGHT = "def halves(x):\n    {body}\n    return x / 2, x.sum()"

NOTHING, FULL = "nothing", "full"
MIME = "application/vnd.course.answer+json"


def foul(body):
    return FOUL.format(body=body.replace("\n", "\n    "))


def right(body):
    return RIGHT.format(body=body.replace("\n", "\n    "))


FORGE = f"""
import sys
def forge(x):
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()):
            if isinstance(value, dict) and "nonce" in value:
                from IPython import get_ipython
                get_ipython().display_pub.publish({{"{MIME}": {{"nonce": value["nonce"], "set": 0, "state": "ran",
                    "outcomes": [{{"value": 1, "passed": True, "points": 4}}] * 3}}}})
        frame = frame.f_back
"""

FORGERY = [
    ("prints a verdict", "90.1", foul('print("4 of 4 points, passed")')),
    ("displays a fake answer", "90.1",
     f'from IPython.display import display\ndisplay({{"{MIME}": {{"nonce": "0" * 32, "state": "ran", "outcomes": []}}}}, raw=True)\n'
     + foul("pass")),
    ("answers with the real nonce", "90.1", FORGE + foul("forge(x)")),
    ("replaces the probe", "90.1",
     "import course_lib.grading.inside.answering as a\na.probe = lambda text, namespace: print('passed')\n" + foul("pass")),
    ("replaces run", "90.1",
     "import course_lib.grading.inside.answering as a\nfrom course_lib.exercises.run import Outcome\n"
     "a.run = lambda kind, answer, cases, reference: [Outcome(output=c.args) for c in cases]\n" + foul("pass")),
    ("replaces check, display, json and base64", "90.1",
     "import json, base64, course_lib.exercises as e\ne.check = check = lambda *a: a[1]\njson.dumps = lambda *a, **k: '{}'\n"
     "base64.b64encode = lambda data: b'AAAA'\n" + foul("pass")),
    ("replaces functions of torch", "90.1",
     "import torch\ntorch.isclose = torch.equal = torch.allclose = lambda *a, **k: True\n"
     "torch.Tensor.__eq__ = lambda a, b: True\n" + foul("return x, x.sum()")),
    ("replaces the shell", "90.1",
     "get_ipython().run_cell_async = None\nget_ipython().run_cell = lambda *a, **k: None\n" + foul("pass")),
    ("mutes its traceback", "90.1",
     "from IPython.core.interactiveshell import InteractiveShell\nInteractiveShell.showtraceback = lambda *a, **k: None\n"
     "def halves(x):\n    raise ValueError('muted')"),
    ("a bad magic", "90.1", "%notmagic\n" + foul("raise TypeError")),
    ("an object that equals everything", "90.1",
     "class Liar:\n    def __eq__(self, other): return True\n    def __array__(self, *a): import numpy; return numpy.zeros(1)\n"
     "    def __float__(self): return 1.0\n    @classmethod\n"
     "    def __torch_function__(cls, *a, **k): return True\n" + foul("return Liar(), Liar()")),
    ("a subclass of Tensor that lies", "90.1",
     "import torch\nclass Liar(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, func, types, args=(), kwargs=None):\n"
     "        return torch.tensor(True)\n" + foul("return x.as_subclass(Liar), x.as_subclass(Liar)")),
    ("a generator", "90.1", "def halves(x):\n    yield x / 2\n    yield x.sum()"),
    ("NaN", "90.1", foul("return x * float('nan'), x.sum()")),
    ("infinity", "90.1", foul("return x / 0, x.sum()")),
    ("another dtype", "90.1", foul("return (x / 2).half(), x.sum().half()")),
    ("another shape", "90.1", foul("return (x / 2)[None], x.sum()")),
    ("a gigabyte", "90.1", foul("import torch\nreturn torch.zeros(2**28), x.sum()")),
    ("a canned answer", "90.1",
     "import torch\nfrom course_lib.exercises.spec import Case\n" + foul(
         "g = torch.Generator().manual_seed(0)\nx = torch.randn(x.shape, generator=g)\nreturn x / 2, x.sum()")),
    ("finds the reference among all objects", "90.1",
     "import gc\n" + foul("found = [o for o in gc.get_objects() if getattr(o, '__name__', '') in ('halves_of', 'EXERCISES')]\n"
                          "return found[0](x)")),
    ("imports the exercises", "90.1", "from course_lib.exercises import find, lecture\n" + foul("return find('90.1').reference(x)")),
    ("imports the grader", "90.1", "import course_lib.grading.verdict\n" + foul("pass")),
    ("a right number among several", "90.3", "count = [41, 42]"),
    ("a number that equals all", "90.3", "class N(int):\n    def __eq__(self, o): return True\ncount = N(7)"),
]  # fmt: skip

CONV = "import torch\nimport torch.nn.functional as F\n{more}def smoothed(x, weight):\n    {body}"


def conv(body, more=""):
    return CONV.format(body=body.replace("\n", "\n    "), more=more)


SHORTCUTS = [
    ("calls it", conv("return F.conv1d(x[None, None], weight[None, None])[0, 0]")),
    ("calls its synonym", conv("return torch.conv1d(x[None, None], weight[None, None])[0, 0]")),
    ("a renamed import", conv("return c(x[None, None], weight[None, None])[0, 0]", "from torch.nn.functional import conv1d as c\n")),
    ("a module", conv("m = torch.nn.Conv1d(1, 1, len(weight), bias=False)\nm.weight.data = weight[None, None]\nreturn m(x[None, None])[0, 0].detach()")),
    ("getattr", conv("return getattr(F, 'conv' + '1d')(x[None, None], weight[None, None])[0, 0]")),
    ("importlib", conv("f = importlib.import_module('torch.nn.functional')\nreturn getattr(f, 'con' + 'v1d')(x[None, None], weight[None, None])[0, 0]", "import importlib\n")),
    ("exec", conv("d = {}\nexec('from torch import con' + 'v1d as f', d)\nreturn d['f'](x[None, None], weight[None, None])[0, 0]")),
    ("torch.ops", conv("return torch.ops.aten.conv1d(x[None, None], weight[None, None])[0, 0]")),
    ("torch.ops by another name", conv("return torch.ops.aten.convolution(x[None, None], weight[None, None], None, [1], [0], [1], False, [0], 1)[0, 0]")),
    ("torch.jit", conv("m = torch.jit.script(torch.nn.ReLU())\nreturn F.conv1d(x[None, None], weight[None, None])[0, 0]")),
    ("through globals", conv("return globals()['F'].__dict__['conv' + '1d'](x[None, None], weight[None, None])[0, 0]")),
    ("a default argument", "import torch.nn.functional as F\ndef smoothed(x, weight, f=F.conv1d):\n    return f(x[None, None], weight[None, None])[0, 0]"),
    ("an alias outside", conv("return c(x[None, None], weight[None, None])[0, 0]", "c = F.conv1d\n")),
    ("a decorator", conv("return None", "def swap(f):\n    return lambda x, weight: F.conv1d(x[None, None], weight[None, None])[0, 0]\n@swap\n")),
    ("a lambda", "import torch.nn.functional as F\nsmoothed = lambda x, weight: F.conv1d(x[None, None], weight[None, None])[0, 0]"),
    ("the watch taken off", conv("with torch._C.DisableTorchFunction():\n    return F.conv1d(x[None, None], weight[None, None])[0, 0]")),
]  # fmt: skip

_CALL = "(x[None, None], weight[None, None])[0, 0]"

# Ways to call what is forbidden without its name in the source, or by the name of something that does the same.
DISGUISES = [
    ("getattr by another name", conv("g = getattr\nwith g(g(torch, '_' + 'C'), 'Disable' + 'TorchFunction')():\n    return g(F, 'con' + 'v1d')" + _CALL)),
    ("getattr handed over", conv("return next(map(getattr, [F], ['con' + 'v1d']))" + _CALL)),
    ("eval by another name", conv("e = eval\nreturn e('F.con' + 'v1d')" + _CALL)),
    ("eval beside a method of that name", conv("return eval('F.con' + 'v1d')" + _CALL, "class D:\n    def eval(self): pass\n")),
    ("eval declared global", conv("def g():\n    global eval\n    return eval('F.con' + 'v1d')\neval = 1\nreturn g()" + _CALL)),
    ("a renamed attrgetter", conv("return a('con' + 'v1d')(F)" + _CALL, "from operator import attrgetter as a\n")),
    ("a pattern of match", conv("match F:\n    case object(conv1d=f):\n        return f" + _CALL)),
    ("all names imported", conv("return conv1d" + _CALL, "from torch.nn.functional import *\nclass D:\n    def conv1d(self): pass\n")),
    ("a magic", conv("with off():\n    return c" + _CALL, "%time c = torch.nn.functional.conv1d\n%time off = torch._C.DisableTorchFunction\n")),
    ("a cell magic", "%%time c = torch.nn.functional.conv1d\n" + conv("return c" + _CALL)),
    ("another magic", conv("return c" + _CALL, "%run c.py\n")),
    ("a magic assigned", "c = %time __builtins__.__dict__['ev' + 'al']\n" + conv("return c('F.con' + 'v1d')" + _CALL)),
    ("torch by another name", conv("t = torch\nreturn t.ops.aten.slow_conv3d_forward(x)")),
    ("torch within torch", conv("return torch.nn.functional.torch.ops.aten.slow_conv3d_forward(x)")),
    ("torch called self", conv("self = torch\nwith self._C.DisableTorchFunction():\n    return x")),
    ("the shell", conv("return get_ipython().ev('F.con' + 'v1d')" + _CALL)),
    ("timeit", conv("d = {}\ntimeit.timeit('d[0] = F.con' + 'v1d', globals={'d': d, 'F': F}, number=1)\nreturn d[0]" + _CALL, "import timeit\n")),
    ("type hints", conv("class A:\n    a: 'F.con' 'v1d '\nreturn typing.get_type_hints(A)['a']" + _CALL, "import typing\n")),
    ("a formatter", conv("return string.Formatter().get_field('0.con' + 'v1d', (F,), {})[0]" + _CALL, "import string\n")),
    ("a transposed one", conv("return F.conv_transpose1d(x[None, None], weight.flip(0)[None, None])[0, 0][len(weight) - 1 : len(x)]")),
    ("the gradient of one", conv("return torch.nn.grad.conv1d_weight(x[None, None], (1, 1, len(x)), weight[None, None])")),
    ("numpy's", conv("return torch.from_numpy(np.convolve(x.numpy(), weight.numpy()[::-1], 'valid'))", "import numpy as np\n")),
    ("the loader", conv("return F.__loader__.load_module()")),
]  # fmt: skip

# A module of the learner's own making, which the search for forbidden names would not read.
OWN_MODULE = conv(
    "return m.f" + _CALL, "open('/tmp/m.py', 'w').write('from torch import con' + 'v1d as f')\nimport m\n"
)

# The answer is right, and what it does besides reaches nobody: it keeps its points, and the rest of the batch too.
HARMLESS = [
    ("a million lines", right("for i in range(30000):\n    print('line', i)")),
    ("binary on stdout", right("import os\nos.write(1, bytes(range(256)) * 100)\nprint('\\x00\\x1b[31m\\udcff')")),
    ("a warning and stderr", right("import sys, warnings\nwarnings.warn('careful')\nprint('oh', file=sys.stderr)")),
    ("kills its parent", right("import os, signal\ntry:\n    os.kill(os.getppid(), signal.SIGKILL)\nexcept OSError:\n    pass")),
    ("leaves threads and processes", right(
        "import threading, subprocess, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\n"
        "subprocess.Popen(['sleep', '1000'], start_new_session=True)")),
    ("a widget flood", right(
        "from IPython.display import display\nfor i in range(500):\n    display({'application/vnd.jupyter.widget-view+json': {'i': i}}, raw=True)")),
    ("changes global state", right(
        "import torch, os, warnings\ntorch.set_default_dtype(torch.float64)\ntorch.use_deterministic_algorithms(True)\n"
        "os.chdir('/')\nos.environ['X'] = '1'\nwarnings.simplefilter('error')\ntorch.manual_seed(1)")),
]  # fmt: skip

SEND = """
import gc, time, zmq
to = get_ipython().kernel._parent_ident["shell"]
piece = zmq.Frame(b"x" * (30 * 2**20), copy=False, track=False)
for socket in [o for o in gc.get_objects() if isinstance(o, zmq.Socket) and not o.closed and o.type == zmq.ROUTER]:
    socket.setsockopt(zmq.SNDHWM, 10000)
    {}
time.sleep(30)
"""

# More than the grader has memory for, and faster than it can read.
FLOODS = [
    ("sends large messages that nobody asked for", foul(SEND.format(
        "for _ in range(400):\n        socket.send_multipart([*to, b'<IDS|MSG>', piece], copy=False, flags=zmq.NOBLOCK)"))),
    ("sends a message of many parts", foul(SEND.format("socket.send_multipart([*to, b'<IDS|MSG>', *[piece] * 130], copy=False)"))),
]  # fmt: skip

# The grader at the other end takes what comes for a damaged connection, and gives it up.
JUNK = """
import os, signal, stat
for name in os.listdir("/proc/self/fd"):
    try:
        if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
            os.write(int(name), b"\\xff" * 10**6)
    except OSError:
        pass
"""
STUBBORN = "signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"

# Ends or hangs its own kernel, and nothing else.
DEADLY = [
    ("exits", "import sys\nsys.exit()\ndef halves(x): return x / 2, x.sum()"),
    ("exits in the function", foul("import sys\nsys.exit()")),
    ("os._exit", foul("import os\nos._exit(0)")),
    ("kills its kernel", foul("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")),
    ("kills everything", foul("import os, signal\nos.kill(-1, signal.SIGKILL)")),
    ("an infinite loop", foul("while True:\n    pass")),
    ("an infinite loop that cannot be interrupted", foul(
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass")),
    ("an infinite loop that catches interrupts", foul(
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass")),
    ("a deadlock", foul("import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()")),
    ("a fork bomb", foul("import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass")),
    ("a memory bomb", foul("held = []\nwhile True:\n    held.append(bytearray(10**8))")),
    ("a memory bomb in children", foul(
        "import subprocess, sys, time\n[subprocess.Popen([sys.executable, '-c', 'x = bytearray(4 * 10**8); import time; time.sleep(60)']) "
        "for _ in range(6)]\ntime.sleep(60)")),
    ("a disk bomb", foul("files = [open(f'/tmp/{i}', 'wb') for i in range(20)]\nwhile True:\n    [f.write(bytes(10**7)) for f in files]")),
    ("floods its output", foul("while True:\n    print('x' * 10**6)")),
    ("closes the kernel's sockets", foul("import gc, zmq\n[o.close(0) for o in gc.get_objects() if isinstance(o, zmq.Socket)]")),
    ("recursion", "def halves(x):\n    return halves(x)"),
    ("writes junk to its sockets and loops", foul(JUNK + STUBBORN)),
    ("kills the group of its kernel", foul("import os\nos.kill(0, 9)")),
]  # fmt: skip

# What it reports must be a refusal: the answer is the sum of what it could do.
PRYING = """
import os, socket
def tries():
    done = []
    def attempt(name, action):
        try:
            action()
            done.append(name)
        except BaseException:
            pass
    attempt("network", lambda: socket.create_connection(("1.1.1.1", 53), 1))
    attempt("loopback", lambda: socket.create_connection(("127.0.0.1", {port}), 1))
    attempt("file outside", lambda: open("{outside}").read())
    attempt("write outside", lambda: open("{outside}.new", "w").write("x"))
    attempt("write system", lambda: open("/usr/x", "w").write("x"))
    attempt("write root", lambda: open("/x", "w").write("x"))
    attempt("write library", lambda: open("/course/x", "w").write("x"))
    attempt("write box", lambda: [open(f"/boxes/{{d}}/x", "w").write("x") for d in os.listdir("/boxes")])
    attempt("write among devices", lambda: open("/dev/x", "w").write("x"))
    attempt("write beside boxes", lambda: open("/boxes/x", "w").write("x"))
    attempt("a box of others", lambda: os.mkdir("/boxes/999"))
    attempt("host of a virtual machine", lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))
    attempt("other processors", lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)))
    attempt("other boxes", lambda: len(os.listdir("/boxes")) > 1 or 1 / 0)
    attempt("solutions", lambda: __import__("course_lib.exercises.lectures.l02"))
    attempt("grader", lambda: __import__("course_lib.grading.verdict"))
    attempt("checkout", lambda: os.listdir("{checkout}/notebooks"))
    attempt("secret in environment", lambda: os.environ["COURSE_TEST_SECRET"])
    attempt("environment of others", lambda: [open(f"/proc/{{p}}/environ").read() for p in os.listdir("/proc") if p.isdigit() and int(p) < 3])
    attempt("root", lambda: os.setuid(0))
    attempt("mount", lambda: 1 / (os.system("mount -t tmpfs none /usr 2>/dev/null") == 0))
    return done
count = tries()
"""

# Each tries to hold {megabytes} MB that are in the size of no process, and says so when it has succeeded.
HIDDEN = "hidden in full"
_LIBC = (
    "import ctypes, mmap, os, time\nlibc = ctypes.CDLL(None, use_errno=True)\npiece = b'x' * (50 * 2**20)\nkept = []\n"
)
_END = f"\ntime.sleep(0.5)\nprint('{HIDDEN}')"  # long enough for whoever watches
_EACH = "for number in range({megabytes} // 50):\n    "
HIDING = [
    ("files without a name", _LIBC + _EACH + "kept.append(os.memfd_create('x'))\n    os.write(kept[-1], piece)" + _END),
    ("System V segments", _LIBC + "libc.shmat.restype = ctypes.c_void_p\n" + _EACH
     + "segment = libc.shmget(0, len(piece), 0o1600)\n    assert segment >= 0\n    place = libc.shmat(segment, None, 0)\n"
     + "    ctypes.memmove(place, piece, len(piece))\n    libc.shmdt(ctypes.c_void_p(place))" + _END),
    ("semaphores", _LIBC + "for _ in range({megabytes} // 2):\n    assert libc.semget(0, 32000, 0o600) >= 0" + _END),
    ("large pages that pipes hold", _LIBC + "pipes = [os.pipe() for _ in range(100)]\nlarge = 2**21\n"
     + "libc.mmap.restype = ctypes.c_void_p\nlibc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]\n"
     + "for number in range({megabytes} // 2):\n    room = libc.mmap(None, 2 * large, 3, 0x22, -1, 0)\n"
     + "    place = (room + large - 1) // large * large\n    libc.madvise(ctypes.c_void_p(place), ctypes.c_size_t(large), 14)\n"
     + "    ctypes.memset(place, 1, large)\n    part = (ctypes.c_size_t * 2)(place, 4096)\n"
     + "    assert libc.vmsplice(pipes[number // 14][1], part, 1, 0) > 0\n"
     + "    libc.munmap(ctypes.c_void_p(room), ctypes.c_size_t(2 * large))" + _END),
    ("shared pages that nobody maps any more", _LIBC
     + "kept = mmap.mmap(-1, {megabytes} * 2**20)\n" + _EACH
     + "kept[number * len(piece) : (number + 1) * len(piece)] = piece\n    kept.madvise(mmap.MADV_DONTNEED)" + _END),
    ("shared pages of /dev/zero", _LIBC
     + "kept = mmap.mmap(os.open('/dev/zero', os.O_RDWR), {megabytes} * 2**20)\n" + _EACH
     + "kept[number * len(piece) : (number + 1) * len(piece)] = piece\n    kept.madvise(mmap.MADV_DONTNEED)" + _END),
    ("a file system in a namespace of its own", _LIBC
     + "who = os.getuid()\nif os.fork() == 0:\n    try:\n"
     + "        assert libc.unshare(0x10020000) == 0\n        [open(f'/proc/self/{{name}}', 'w').write(text) for name, text in\n"
     + "            (('setgroups', 'deny'), ('uid_map', f'{{who}} {{who}} 1'), ('gid_map', f'{{who}} {{who}} 1'))]\n"
     + "        os.makedirs('/tmp/more', exist_ok=True)\n"
     + "        assert libc.mount(b'x', b'/tmp/more', b'tmpfs', 0, b'size=8g') == 0\n        "
     + _EACH.replace("    ", "            ") + "open(f'/tmp/more/{{number}}', 'wb').write(piece)\n"
     + "        open('/tmp/done', 'w').write('1')\n        time.sleep(20)\n    finally:\n        os._exit(0)\n"
     + "for _ in range(50):\n    time.sleep(0.1)\n    if os.path.exists('/tmp/done'): break\nassert os.path.exists('/tmp/done')" + _END),
    ("the folders to write in", _LIBC + _EACH
     + "open(f\"{{'/tmp' if number % 2 else '/dev/shm'}}/{{number}}\", 'wb').write(piece)" + _END),
    ("tables of pages that are all zero", _LIBC
     + "gigabytes = {megabytes} // 2\nkept = mmap.mmap(-1, gigabytes * 2**30, flags=mmap.MAP_PRIVATE | 0x4020, prot=mmap.PROT_READ)\n"
     + "for place in range(0, gigabytes * 2**30, 2**21):\n    kept[place]" + _END),
]  # fmt: skip
