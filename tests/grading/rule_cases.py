# ruff: noqa: E501 (the sources are easier to read whole)
"""What learners write for an exercise that forbids conv1d (90.2 of `tiny`): each a name and the cells of a notebook.

A cell is its source; the one that carries the exercise's mark is a tuple of one.
"""

from tiny import SOLUTIONS, STUBS

STUB, LOOPS = STUBS["90.2"], SOLUTIONS["90.2"]
TEST = "signal, kernel = torch.randn(9), torch.randn(3)"
THEIRS = "torch.nn.functional.conv1d(signal[None, None], kernel[None, None])[0, 0]"
CALL = "(x[None, None], weight[None, None])[0, 0]"


def answer(body, above="", below=""):
    text = "def smoothed(x, weight):\n    " + body.replace("\n", "\n    ")
    return (f"{above}\n{text}\n{below}".strip("\n"),)


def loops(line):
    """The right answer with a line of its own above the loop."""
    return LOOPS.replace("    size = len(weight)\n", f"    size = len(weight)\n    {line}\n")


STACKED = "return torch.stack([(x[i : i + len(weight)] * weight).sum() for i in range(len(x) - len(weight) + 1)])"

WINDOWS = "x.unfold(0, len(weight), 1) @ weight"
COMPARED = f"{TEST}\nprint((smoothed(signal, kernel) - {THEIRS}).abs().max())\ndef compare():\n    return smoothed(signal, kernel) - {THEIRS}\ndifference = compare()"

HONEST = {
    "plain": [(LOOPS,)],
    "compares with the library below": [(f"{LOOPS}\n\n{TEST}\nprint((smoothed(signal, kernel) - {THEIRS}).abs().max())",)],
    "keeps what the library says, above": [(f"{TEST}\ntheirs = {THEIRS}\n\n{LOOPS}\nassert torch.allclose(smoothed(signal, kernel), theirs, atol=1e-5)",)],
    "a second function with the library's, below": [(f"{LOOPS}\n\ndef reference(x, weight):\n    return torch.nn.functional.conv1d{CALL}",)],
    "compares in a cell of its own": [(LOOPS,), f"{TEST}\nprint(torch.allclose(smoothed(signal, kernel), {THEIRS}, atol=1e-5))"],
    "a kernel of its own in both": [answer("k = KERNEL * 0 + 1\nsize = len(weight)\n" + STACKED, "KERNEL = torch.ones(1)", "print(torch.nn.functional.conv1d(torch.ones(1, 1, 4), KERNEL[None, None]))")],
    "a loop variable named fx": [answer("total = None\nfor fx, part in enumerate(x.unfold(0, len(weight), 1).unbind(1)):\n    total = part * weight[fx] if total is None else total + part * weight[fx]\nreturn total")],
    "a loop variable named fx above": [answer("assert len(offsets) == 3\n" + STACKED, "offsets = []\nfor fx in range(3):\n    offsets.append(fx)")],
    "a global named package": [answer("package\n" + STACKED, "package = [1, 2, 3]")],
    "a global named library, and one named jit": [answer("library + jit\n" + STACKED, "library, jit = 1, 2")],
    "an attribute named fx": [answer("camera.fx\n" + STACKED, "class Camera:\n    fx = 3.0\ncamera = Camera()")],
    "asks for help at the end": [(LOOPS + "\n\ntorch.cat?",)],
    "asks for the source": [(LOOPS + "\nsmoothed??",)],
    "measures": [(LOOPS + "\n%timeit -n 2 -r 1 smoothed(torch.ones(5), torch.ones(2))",)],
    "measures the library's": [(LOOPS + "\n%timeit -n 2 -r 1 torch.nn.functional.conv1d(torch.ones(1, 1, 5), torch.ones(1, 1, 2))",)],
    "measures once": [("%time size = 3\n" + LOOPS,)],
    "a cell that is timed": [("%%time\n" + LOOPS,)],
    "lists files": [("!ls > /dev/null\n" + LOOPS,)],
    "keeps a list of files": [("files = !ls\n" + LOOPS,)],
    "a magic for figures": [("%matplotlib inline\n" + LOOPS,)],
    "imports sys": [("import sys\n" + LOOPS,)],
    "imports many things for nothing": [("import os, sys, threading, subprocess, importlib\nfrom concurrent.futures import ThreadPoolExecutor\n" + LOOPS,)],
    "the largest whole number": [(loops("assert size < sys.maxsize").replace("def", "import sys\ndef", 1),)],
    "replaces a field of a namedtuple": [answer("window = Window(0, 1)._replace(size=len(weight))\nassert window._asdict()\nreturn torch.stack([(x[i : i + window.size] * weight).sum() for i in range(len(x) - window.size + 1)])", "from collections import namedtuple\nWindow = namedtuple('Window', 'start size')")],
    "the stub alone, the answer in a new cell": [(STUB,), LOOPS],
    "the stub alone, the answer above it is older": ["def smoothed(x, weight):\n    return x", (STUB,), LOOPS],
    "a wrong attempt, the answer in a new cell": [("def smoothed(x, weight):\n    return x.cumsum(0)",), LOOPS],
    "a wrong attempt with the library, the answer in a new cell": [(f"def smoothed(x, weight):\n    return torch.nn.functional.conv1d{CALL}",), LOOPS],
    "a helper in a cell above": ["def window(x, i, n):\n    return x[i : i + n]", answer("return torch.stack([(window(x, i, len(weight)) * weight).sum() for i in range(len(x) - len(weight) + 1)])")],
    "a helper in a cell below": [answer("return torch.stack([(window(x, i, len(weight)) * weight).sum() for i in range(len(x) - len(weight) + 1)])"), "def window(x, i, n):\n    return x[i : i + n]"],
    "an old helper that used the library": [f"def part(x, weight):\n    return torch.nn.functional.conv1d{CALL}", "def part(x, weight):\n    return (x * weight).sum()", answer("return torch.stack([part(x[i : i + len(weight)], weight) for i in range(len(x) - len(weight) + 1)])")],
    "seeds and settings": [("torch.manual_seed(0)\ntorch.backends.cudnn.deterministic = True\nimport warnings\nwarnings.simplefilter('ignore')\n" + LOOPS,)],
    "a decorator": [("@torch.no_grad()\n" + LOOPS,)],
    "type hints": [(LOOPS.replace("(x, weight)", "(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor"),)],
    "a variable called like it": [(LOOPS.replace("size", "conv1d"),)],
    "a global called like it": [answer("conv1d\n" + STACKED, "conv1d = 3")],
    "a lambda": [("smoothed = lambda x, weight: x.unfold(0, len(weight), 1) @ weight",)],
    "a partial": [("from functools import partial\ndef windows(function, x, weight):\n    return torch.stack([function(row * weight) for row in x.unfold(0, len(weight), 1)])\nsmoothed = partial(windows, torch.sum)",)],
    "an object that is called": [("class Smooth:\n    def __init__(self, scale=1):\n        self._scale = scale\n    def __call__(self, x, weight):\n        return self._scale * (x.unfold(0, len(weight), 1) @ weight)\nsmoothed = Smooth()",)],
    "a table that is filled below it": [answer("return steps['sum'](x, weight)", "steps = {}", "steps['sum'] = lambda x, weight: x.unfold(0, len(weight), 1) @ weight")],
    "a progress bar": [answer("return torch.stack([(x[i : i + len(weight)] * weight).sum() for i in tqdm(range(len(x) - len(weight) + 1), disable=True)])", "from tqdm import tqdm")],
    "a solver of the library's": [answer("torch.linalg.inv(torch.eye(3))\n" + STACKED)],
    "two attempts in one cell": [(f"def smoothed(x, weight):\n    return torch.nn.functional.conv1d{CALL}\n\n{LOOPS}",)],
    "a variant for tensors is registered": [answer("return part(x, weight)", f"from functools import singledispatch\n@singledispatch\ndef part(x, weight):\n    return x\n@part.register\ndef _(x: torch.Tensor, weight):\n    return {WINDOWS}")],
    "a decorator fills a table": [answer("return STEPS['go'](x, weight)", f"STEPS = {{}}\ndef step(name):\n    def keep(f):\n        STEPS[name] = f\n        return f\n    return keep\n@step('go')\ndef go(x, weight):\n    return {WINDOWS}", COMPARED)],
    "a function fills a table": [answer(f"return TABLE['k'] * ({WINDOWS})", "TABLE = {}\ndef fill():\n    TABLE['k'] = 1\nfill()", COMPARED)],
    "a function sets a global": [answer(f"return scale * ({WINDOWS})", "scale = 3\ndef prepare():\n    global scale\n    scale = 1\nprepare()")],
    "subclasses are noted": [answer("return Base.kinds['Mean']().go(x, weight)", f"class Base:\n    kinds = {{}}\n    def __init_subclass__(cls):\n        Base.kinds[cls.__name__] = cls\nclass Mean(Base):\n    def go(self, x, weight):\n        return {WINDOWS}")],
    "counts its calls": [answer(f"global calls\ncalls += 1\nreturn {WINDOWS}", "calls = 0", COMPARED)],
    "a helper with a cache": [answer("return part(x, weight)", f"cache = {{}}\ndef part(x, weight):\n    cache[len(x)] = 1\n    return {WINDOWS}", COMPARED)],
    "changed under another name": [answer(f"return ones[0] * ({WINDOWS})", "ones = torch.zeros(2)\nothers = ones[:1]\nothers.fill_(1)")],
    "changed in a loop over its parts": [answer(f"return layer.weight[0, 0] * ({WINDOWS})", "layer = torch.nn.Linear(1, 1).requires_grad_(False)\nfor part in layer.parameters():\n    part.data.fill_(1)")],
    "trained by who holds its parts": [answer(f"return layer.weight[0, 0].round() * ({WINDOWS})", "class Descent:\n    def __init__(self, parts):\n        self.parts = list(parts)\n    def step(self):\n        for part in self.parts:\n            part.data -= 0.5 * part.grad\nlayer = torch.nn.Linear(1, 1, bias=False)\nsteps = Descent(layer.parameters())\nfor _ in range(20):\n    loss = (layer(torch.ones(1, 1)) - 1).square().sum()\n    layer.zero_grad()\n    loss.backward()\n    steps.step()\nlayer.requires_grad_(False)")],
    "NumPy changes it in place": [answer(f"return float(ones[0]) * ({WINDOWS})", "import numpy as np\nones = np.zeros(2)\nnp.copyto(ones, 1)")],
    "torch writes into it": [answer(f"return ones[0] * ({WINDOWS})", "ones = torch.zeros(2)\ntorch.add(ones, 1, out=ones)")],
    "results of both in one table": [(LOOPS + f"\n{TEST}\nresults = {{}}\nresults['mine'] = smoothed(signal, kernel)\nresults['theirs'] = {THEIRS}",)],
    "names with two underscores": [answer("return Part().go(x, weight)", f"class Part:\n    def __init__(self):\n        self.__scale = 1\n    def __part(self, x, weight):\n        return {WINDOWS}\n    def go(self, x, weight):\n        return self.__scale * self.__part(x, weight)")],
    "indented as a whole": [("".join(f"    {line}\n" for line in LOOPS.splitlines()),)],
    "indented as a whole, and marked": [("".join(f"    {line}\n" for line in ["%time size = 3", *LOOPS.splitlines()]),)],
}  # fmt: skip

LAYER = "layer = torch.nn.Conv1d(1, 1, 3, bias=False)\n"
BUILD = "def build(names):\n    return [vars(torch.nn)[name] for name in names]\n"
CONV = "getattr(torch.nn.functional, 'con' + 'v1d')"  # what the source does not name

DISHONEST = {
    "calls it": [answer(f"return torch.nn.functional.conv1d{CALL}")],
    "the stub alone, the library's in a new cell": [(STUB,), answer(f"return torch.nn.functional.conv1d{CALL}")[0]],
    "through a helper in another cell": [f"def fast(x, weight):\n    return torch.nn.functional.conv1d{CALL}", answer("return fast(x, weight)")],
    "through a table": ["tools = {}\ntools['c'] = torch.nn.functional.conv1d", answer(f"return tools['c']{CALL}")],
    "through a list that is filled below": [answer(f"return tools[0]{CALL}", "tools = []", "tools.append(torch.nn.functional.conv1d)")],
    "hung on the function": [answer(f"return smoothed.fast{CALL}", "", "smoothed.fast = torch.nn.functional.conv1d")],
    "a layer made by its name": [BUILD + "made = build(['Con' + 'v1d'])", answer("layer = made[0](1, 1, len(weight), bias=False)\nlayer.weight.data = weight[None, None]\nreturn layer(x[None, None])[0, 0].detach()")],
    "asyncio's executor": [answer(f"async def ask():\n    return await asyncio.get_running_loop().run_in_executor(None, lambda: {CONV}{CALL})\nreturn asyncio.new_event_loop().run_until_complete(ask())", "import asyncio")],
    "tqdm's threads": [answer(f"return thread_map(lambda x: {CONV}{CALL}, [x], disable=True)[0]", "from tqdm.contrib.concurrent import thread_map")],
    "logging's listener": [answer("box = []\nlistener = QueueListener(queue, Handler(box))\nlistener.start()\nqueue.put_nowait((x, weight))\nlistener.stop()\nreturn box[0]",
        f"from logging.handlers import QueueListener\nfrom queue import Queue\nqueue = Queue()\nclass Handler:\n    level = 0\n    def __init__(self, box):\n        self.box = box\n    def handle(self, record):\n        x, weight = record\n        self.box.append({CONV}{CALL})")],
    "dask": [answer("return dask.compute(work(x, weight), scheduler='threads')[0]", f"import dask\n@dask.delayed\ndef work(x, weight):\n    return {CONV}{CALL}")],
    "a pool from an earlier cell": [f"from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\ndef work(x, weight):\n    return {CONV}{CALL}\npool.submit(int).result()", answer("return pool.submit(work, x, weight).result()")],
    "a timer from an earlier cell": [f"import threading, time\nasked, told = [], []\ndef work():\n    for _ in range(400):\n        time.sleep(0.005)\n        if asked:\n            x, weight = asked.pop()\n            told.append({CONV}{CALL})\nthreading.Timer(0, work).start()", answer("asked.append((x, weight))\nfor _ in range(500):\n    if told:\n        break\n    time.sleep(0.001)\nreturn told.pop()")],
    "a thread of its own": [answer(f"box = []\nthread = threading.Thread(target=lambda: box.append({CONV}{CALL}))\nthread.start()\nthread.join()\nreturn box[0]", "import threading")],
    "a process": [answer(f"return multiprocessing.get_context('fork').Pool(1).apply({CONV}, (x[None, None], weight[None, None]))[0, 0]", "import multiprocessing")],
    "a converted module": [answer("made = to_mkldnn(layer_of(weight))\nreturn made(x[None, None].to_mkldnn()).to_dense()[0, 0]",
        "from torch.utils.mkldnn import to_mkldnn\ndef layer_of(weight):\n    layer = torch.nn.Conv1d(1, 1, len(weight), bias=False)\n    layer.weight.data = weight[None, None]\n    return layer.eval()")],
    "TorchScript": [answer("return scripted(x, weight)", f"@torch.jit.script\ndef scripted(x, weight):\n    return torch.conv1d{CALL}")],
    "an operator of its own": [answer("return mine(x, weight)", f"@torch.library.custom_op('mine::c', mutates_args=())\ndef mine(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:\n    return torch.nn.functional.conv1d{CALL}.clone()")],
    "NumPy's": [answer("return torch.from_numpy(np.convolve(x.numpy(), weight.numpy()[::-1], 'valid'))", "import numpy as np")],
    "a function of the library replaced": [answer("flow.eigenvalues(x, x, x)\n" + STACKED, "import course_lib.ops.flow as flow\nkept = flow.eigenvalues\nflow.eigenvalues = lambda *a: kept(*a)")],
    "replaced while it runs": [answer("flow.check_shape = print\n" + STACKED, "import course_lib.ops.flow as flow")],
    "replaced by setattr": [answer("flow.eigenvalues(x, x, x)\n" + STACKED, "import course_lib.ops.flow as flow\nsetattr(flow, 'eigenvalues', lambda *a: a)")],
    "replaced by a mock": [answer("with patch('course_lib.ops.flow.eigenvalues'):\n    " + STACKED, "from unittest.mock import patch")],
    "a list that is filled under another name": [answer(f"return tools[0]{CALL}", "tools = []\nothers = tools\nothers.append(torch.nn.functional.conv1d)")],
    "a list that a function fills": [answer(f"return tools[0]{CALL}", "tools = []\ndef fill():\n    tools.append(torch.nn.functional.conv1d)\nfill()")],
    "a registered variant": [answer("return part(x, weight)", f"from functools import singledispatch\n@singledispatch\ndef part(x, weight):\n    return x\n@part.register\ndef _(x: torch.Tensor, weight):\n    return torch.nn.functional.conv1d{CALL}")],
    "what a subclass leaves behind": [answer(f"return Base.kept[0]{CALL}", "class Base:\n    kept = []\n    def __init_subclass__(cls):\n        Base.kept.append(torch.nn.functional.conv1d)\nclass Derived(Base):\n    pass")],
    "a private part of a layer": [answer("return Layer().go(x, weight)", "class Layer(torch.nn.Conv1d):\n    def __init__(self):\n        super().__init__(1, 1, 3)\n    def go(self, x, weight):\n        return self._conv_forward(x[None, None], weight[None, None], None)[0, 0]")],
    "indented as a whole": [("".join(f"    {line}\n" for line in answer(f"return torch.nn.functional.conv1d{CALL}")[0].splitlines()),)],
    "evaluated": [answer(f"return eval('torch.nn.functional.con' + 'v1d'){CALL}")],
}  # fmt: skip
