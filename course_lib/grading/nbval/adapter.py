"""All that we use of nbval's insides, in one place: its file and cell items, extended, and its kernel, boxed.

What nbval 0.11 does differently from what grading needs, and what is done here: it ignores the status of a cell's
reply; it waits for the whole time-out when a kernel has died; after a time-out it marks every later cell; it honours
directives that a learner's cell carries. `tests/grading/test_nbval_adapter.py` fails when a new nbval moves what is
used.
"""

import json
import queue
import time
from collections import defaultdict

import nbformat.v4 as notebooks
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from course_lib.grading.kernel import BEAT, KEPT_ANSWERS, LARGEST_OUTPUT, CellResult, Kernel
from course_lib.grading.probe import MIME

COLLECTED = IPyNbFile  # what nbval's own hook makes of a notebook


class KernelEnded(Exception):
    """The kernel ended while a cell ran. Its text says why, to the learner."""


class BoxedKernel(RunningKernel):
    """nbval's kernel, in a box of the sandbox, that notices its end at once."""

    def __init__(self, sandbox):
        # Not nbval's own: that one starts a process beside us, with our environment.
        self.boxed = Kernel(sandbox)
        self.status, self.error, self._size = "ok", None, 0

    def execute_cell_input(self, cell_input, allow_stdin=None):
        self.status, self.error, self._size = "ok", None, 0
        return self.boxed.send(cell_input)

    def get_message(self, stream, timeout=None):
        until = time.monotonic() + (timeout if timeout is not None else 10**9)
        while True:
            if not self.is_alive():
                raise KernelEnded(self.boxed.why_ended())
            try:
                message = self.boxed.receive(stream, min(BEAT, max(until - time.monotonic(), 0)))
            except queue.Empty:
                if time.monotonic() >= until:
                    raise
                continue
            self._size += len(str(message["content"])) if stream == "iopub" else 0
            if self._size > LARGEST_OUTPUT:
                self.boxed.stop()
                raise KernelEnded(f"Your code put out more than {LARGEST_OUTPUT // 2**20} MB and was ended.")
            if stream == "shell":
                self.status = message["content"].get("status", "error")
                self.error = tuple(str(message["content"].get(key, ""))[:4000] for key in ("ename", "evalue"))
            return message

    def is_alive(self):
        return self.boxed.is_alive()

    def interrupt(self):
        self.boxed.interrupt()

    def stop(self):
        self.boxed.stop()

    @property
    def language(self):
        return "python"


class AdaptedFile(IPyNbFile):
    """A notebook of which cells of our choice run, in kernels of our choice."""

    def setup(self):
        """Kernels are started by the items, not here."""

    def teardown(self):
        self.end_kernel()

    def end_kernel(self):
        if self.kernel is not None:
            self.kernel.stop()
            self.kernel = None

    def start_kernel(self, sandbox):
        """A fresh kernel for the next cells."""
        self.end_kernel()
        self.timed_out = False
        self.kernel = BoxedKernel(sandbox)

    def add(self, kind, name, number, source):
        """An item of a class derived from `AdaptedCell` that runs `source`, free of directives of any kind."""
        cell = notebooks.new_code_cell(source)
        item = kind.from_parent(self, name=name, cell_num=number, cell=cell, options=defaultdict(bool))
        return item


class AdaptedCell(IPyNbCell):
    """A cell that nbval runs and we look at."""

    def setup(self):
        """nbval would expect this cell to fail if an earlier one took too long; we do not."""
        self.parent.timed_out = False

    def run(self, timeout):
        """Run the cell as nbval does.

        Returns:
            CellResult. Nothing that the cell does raises.
        """
        self.config.option.nbval_cell_timeout, result = timeout, CellResult()
        kernel = self.parent.kernel
        if kernel is None or not kernel.is_alive():
            return CellResult("dead", why=kernel.boxed.why_ended() if kernel else "There is no kernel.")
        try:
            IPyNbCell.runtest(self)
        except NbCellError:
            result.status = "error"
        except KernelEnded as ended:
            return CellResult("dead", why=str(ended))
        except (queue.Empty, RuntimeError, KeyError, TypeError, AttributeError):  # replies that are none
            kernel.stop()
            return CellResult("dead", why="The kernel did not answer as a kernel does, and was ended.")
        result.timed_out = self.parent.timed_out
        if not kernel.is_alive():
            return CellResult("dead", why="Your code ran too long and could not be interrupted.", timed_out=True)
        if kernel.status != "ok" or result.status != "ok":
            result.status = "timeout" if result.timed_out else "error"
            result.error = kernel.error or ("", "")
        outputs = [output.get("data") for output in self.test_outputs or ()]
        answers = [data[MIME] for data in outputs if isinstance(data, dict) and MIME in data][:KEPT_ANSWERS]
        result.displays = [{MIME: json.loads(json.dumps(answer))} for answer in answers]  # nbval's dicts are its own
        self.test_outputs = None  # nbval would keep them until the end of the run
        return result
