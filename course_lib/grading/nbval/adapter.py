"""All that we use of nbval's insides, in one place: its file and cell items, extended, and its kernel, boxed.

What nbval 0.11 does differently from what grading needs, and what is done here: it ignores the status of a cell's
reply; it waits for the whole time-out when a kernel has died; after a time-out it marks every later cell; it honours
directives that a learner's cell carries. `test_the_insides_of_nbval_are_where_we_use_them` in
`tests/grading/test_nbval.py` fails when a new nbval moves what is used.
"""

import json
import queue
import time
from collections import defaultdict, deque

import nbformat.v4 as notebooks
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from course_lib.grading.kernel import GRACE, KEPT_ANSWERS, UNSTOPPABLE, CellResult, Kernel, KernelEnded
from course_lib.grading.probe import MIME

COLLECTED = IPyNbFile  # what nbval's own hook makes of a notebook


class BoxedKernel(RunningKernel):
    """nbval's kernel, in a box of the sandbox, that notices its end at once.

    Attributes:
        reply: the content of the kernel's reply to the last cell; None before it came.
    """

    def __init__(self, sandbox):
        # Not nbval's own: that one starts a process beside us, with our environment.
        self.boxed = Kernel(sandbox)

    def execute_cell_input(self, cell_input, allow_stdin=None):
        self.reply, self._end = None, None
        self._heard = {"shell": deque(), "iopub": deque()}
        self._began, self._asked = time.monotonic(), self.boxed.send(cell_input)
        return self._asked

    def get_message(self, stream, timeout=None):
        """The next message of "shell" or "iopub". Both are read all the time: what nobody reads gets lost.

        Raises:
            queue.Empty: none came in time; for a reply, counted from the beginning of the cell.
            KernelEnded: the kernel ended, or did not stop when it was interrupted.
        """
        until = (self._began if stream == "shell" else time.monotonic()) + timeout
        while not self._heard[stream]:
            if self._end is not None and time.monotonic() > self._end:
                self.stop()
                raise KernelEnded(UNSTOPPABLE)
            if time.monotonic() > until:
                raise queue.Empty
            for socket, message in self.boxed.heard():
                if socket == "shell" and message["parent_header"].get("msg_id") == self._asked:
                    self.reply = message["content"]
                if message.get("msg_type") != "error":  # which nbval would stop at; the reply tells it, too
                    self._heard[socket].append(message)
        return self._heard[stream].popleft()

    def interrupt(self):
        self.boxed.interrupt()
        self._end = time.monotonic() + GRACE

    def is_alive(self):
        return self.boxed.is_alive()

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

    def run(self, source, timeout):
        """Run a cell as nbval does.

        Returns:
            CellResult. Nothing that the cell does raises.
        """
        kernel = self.parent.kernel
        if kernel is None or not kernel.is_alive():
            return CellResult("dead", why=kernel.boxed.why_ended() if kernel else "There is no kernel.")
        self.cell.source, self.config.option.nbval_cell_timeout = source, timeout
        self.parent.timed_out, began = False, time.monotonic()
        result = self._told(kernel)
        result.seconds = time.monotonic() - began
        return result

    def _told(self, kernel):
        """Have nbval run the cell: its CellResult."""
        try:
            IPyNbCell.runtest(self)
        except NbCellError:  # nbval gave up on it and ended it
            return CellResult("dead", why=UNSTOPPABLE)
        except KernelEnded as ended:
            return CellResult("dead", why=str(ended))
        except (queue.Empty, RuntimeError, KeyError, TypeError, AttributeError):  # replies that are none
            kernel.stop()
            return CellResult("dead", why="The kernel did not answer as a kernel does, and was ended.")
        outputs = [output.get("data") for output in self.test_outputs or ()]
        answers = [data[MIME] for data in outputs if isinstance(data, dict) and MIME in data][:KEPT_ANSWERS]
        self.test_outputs = None  # nbval would keep them until the end of the run
        displays = [{MIME: json.loads(json.dumps(answer))} for answer in answers]  # nbval's dicts are its own
        result = CellResult(displays=displays)
        result.settle(kernel.reply or {}, self.parent.timed_out)
        return result
