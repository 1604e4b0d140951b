"""A Jupyter kernel in a box of the sandbox, as seen from outside: send a cell, read what it says, never trust it.

Messages come over ipc sockets in the box's folder. Sizes are limited before anything is parsed, and the end of the
kernel is noticed at once.
"""

import contextlib
import json
import os
import queue
import secrets
import time
from dataclasses import dataclass, field

import zmq
from jupyter_client.session import Session

from course_lib.errors import CourseError
from course_lib.grading.probe import MIME

PORTS = {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5}
LARGEST_MESSAGE = 32 * 2**20  # bytes; an answer has at most 16 MB, and base64 adds a third
LARGEST_OUTPUT = 64 * 2**20  # bytes of all messages of one cell
LARGEST_GROWTH = 2**29  # bytes by which this process may grow while a kernel runs: what waits to be read counts
KEPT_TEXT = 4000  # characters of what a cell printed
WAITING = 500  # messages that may wait to be read
KEPT_ANSWERS = 10  # of one cell
BEAT = 0.1  # seconds between two looks at whether the kernel lives
START = 60  # seconds until a forked kernel must answer
GRACE = 3.0  # seconds from an interrupt to the end
SENDING = 2  # seconds that a message to a kernel may wait to be taken; one that lives takes it at once
UNSTOPPABLE = "Your code ran too long and could not be interrupted."
CUT_OFF = "Your code broke the connection to its kernel, which takes no more messages, and was ended."


@dataclass
class CellResult:
    """What running a cell gave.

    status: "ok", "error" (an exception), "timeout" (interrupted, the kernel lives), "dead" (see why).
    displays: the MIME bundles with answers that it displayed.
    error: (name, message) of the exception, or None.
    printed: the beginning of what it printed.
    why: what ended the kernel, in words.
    seconds: that it took.
    """

    status: str = "ok"
    displays: list = field(default_factory=list)
    error: tuple | None = None
    printed: str = ""
    why: str = ""
    timed_out: bool = False
    seconds: float = 0.0

    def settle(self, reply, interrupted):
        """Take over the content of the kernel's reply. It alone decides: what is displayed may say anything."""
        self.timed_out = interrupted
        if reply.get("status") != "ok":
            self.status = "timeout" if interrupted else "error"
            self.error = str(reply.get("ename", ""))[:80], str(reply.get("evalue", ""))[:KEPT_TEXT]


class KernelEnded(Exception):
    """The kernel ended while a cell ran. Its text says why, to the learner."""


class Kernel:
    """One kernel. Use it as a context manager: at its end, all that it started ends."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.number, self.folder = sandbox.box()
        self.flooded, self._before = False, _resident()
        key = secrets.token_hex(16)
        self.session = Session(key=key.encode())
        self.context = zmq.Context()
        self._write_connection(key)
        sandbox.fork(self.number, self.folder)
        self._connect()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.stop()

    def is_alive(self):
        return self.context is not None and not self._floods() and self.sandbox.ended(self.number) is None

    def why_ended(self):
        """What ended the kernel, in words for the learner."""
        if self.flooded:
            return "Your code sent far more than an answer can have, and was ended."
        why = self.sandbox.ended(self.number)
        if why == "memory":
            return f"Your code took more than {self.sandbox.limits.memory} MB of memory and was ended."
        return "The kernel ended while your code ran (an exit, a crash, or too much memory or time)."

    def send(self, code):
        """Send a cell; returns the id of the message.

        Raises:
            KernelEnded: the kernel takes no messages any more, and was ended.
        """
        content = {
            "code": code,
            "silent": False,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        self._size = 0
        return self._post(self.shell, "execute_request", content)

    def interrupt(self):
        """Ask the kernel to stop what it does; raises as `send`."""
        self._post(self.control, "interrupt_request", {})

    def heard(self):
        """The messages that come within a BEAT: list of (socket, message), the socket "iopub" or "shell".

        Raises:
            KernelEnded: the kernel has ended, or was ended for the size of what came since the last `send`.
        """
        ready = dict(self.poller.poll(BEAT * 1000)) if self.context is not None else {}
        if self._floods() or (not ready and not self.is_alive()):
            raise KernelEnded(self.why_ended())
        messages = []
        for name in ("iopub", "shell"):
            if getattr(self, name) in ready:
                with contextlib.suppress(queue.Empty):
                    message, size = self._read(getattr(self, name))
                    self._size += size
                    messages.append((name, message))
        if self._size > LARGEST_OUTPUT:
            self.stop()
            raise KernelEnded(f"Your code put out more than {LARGEST_OUTPUT // 2**20} MB and was ended.")
        return messages

    def execute(self, code, timeout):
        """Run a cell and collect what it displays.

        Args:
            code: source.
            timeout: seconds until it is interrupted, and ended if that does not help.
        """
        result, began = CellResult(), time.monotonic()
        until, interrupted = began + timeout, False
        reply = idle = None
        try:
            message = self.send(code)
            while reply is None or not idle:
                if time.monotonic() > until:
                    if interrupted:
                        self.stop()
                        raise KernelEnded(UNSTOPPABLE)
                    self.interrupt()
                    interrupted, until = True, time.monotonic() + GRACE
                for socket, said in self.heard():
                    if socket == "iopub":
                        idle = _collect(said, message, result) or idle
                    elif _belongs(said, message):
                        reply = said["content"]
            result.settle(reply, interrupted)
        except KernelEnded as end:
            result.status, result.why = "dead", str(end)
        result.seconds = time.monotonic() - began
        return result

    def stop(self):
        """End the kernel and everything that it started. Harmless when it has ended."""
        if self.context is not None:
            self.context.destroy(linger=0)
            self.context = None
            self.sandbox.end(self.number, self.folder)

    def _floods(self):
        """Whether the kernel sends more than we can read; it is ended then. ZeroMQ's own limit is a number of messages,
        each of any number of parts."""
        if self.context is not None and _resident() - self._before > LARGEST_GROWTH:
            self.flooded = True
            self.stop()
        return self.flooded

    def _write_connection(self, key):
        if len(str(self.folder)) > 90:
            text = "The folder for temporary files has too long a name for sockets"
            raise CourseError(f"{text}: {self.folder}. Set TMPDIR to a shorter one.")
        ip = str(self.sandbox.inside("boxes") / self.folder.name / "s")
        info = {"transport": "ipc", "ip": ip, "key": key, "signature_scheme": "hmac-sha256", **PORTS}
        (self.folder / "kernel.json").write_text(json.dumps(info), encoding="utf-8")

    def _connect(self):
        limits = {zmq.MAXMSGSIZE: LARGEST_MESSAGE, zmq.RCVHWM: WAITING, zmq.LINGER: 0}
        for option, value in (limits | {zmq.SNDTIMEO: int(SENDING * 1000), zmq.RCVTIMEO: int(SENDING * 1000)}).items():
            self.context.setsockopt(option, value)
        until = time.monotonic() + START
        address = f"{self.folder}/s-"
        while not (self.folder / "s-1").exists() or not (self.folder / "s-4").exists():
            self._still_starting(until)
            time.sleep(0.005)
        kinds = (("shell", zmq.DEALER, 1), ("iopub", zmq.SUB, 2), ("control", zmq.DEALER, 4))
        for name, kind, port in kinds:
            socket = self.context.socket(kind)
            if kind == zmq.SUB:
                socket.setsockopt(zmq.SUBSCRIBE, b"")
            socket.connect(f"ipc://{address}{port}")
            setattr(self, name, socket)
        self.poller = zmq.Poller()
        self.poller.register(self.shell, zmq.POLLIN)
        self.poller.register(self.iopub, zmq.POLLIN)
        self._wait_for_iopub(until)

    def _wait_for_iopub(self, until):
        """Until the kernel's broadcasts reach us: the first ones are lost."""
        asked = 0.0
        while True:
            self._still_starting(until)
            if time.monotonic() - asked > 0.5:
                try:
                    self._post(self.shell, "kernel_info_request", {})
                except KernelEnded as problem:
                    raise CourseError("A kernel in the sandbox took no messages.") from problem
                asked = time.monotonic()
            if self.iopub.poll(20):
                break
        while self.shell.poll(0) or self.iopub.poll(0):
            for socket in (self.shell, self.iopub):
                with contextlib.suppress(zmq.Again):
                    socket.recv_multipart(zmq.NOBLOCK)

    def _still_starting(self, until):
        if time.monotonic() > until or self.sandbox.ended(self.number) is not None:
            self.stop()
            raise CourseError("A kernel did not start in the sandbox.")

    def _post(self, socket, kind, content):
        if self.context is None:
            raise KernelEnded(self.why_ended())
        message = self.session.msg(kind, content)
        try:
            self.session.send(socket, message)
        except zmq.ZMQError:  # whoever holds the other end wrote into it what is no message, or closed it
            self.stop()
            raise KernelEnded(CUT_OFF) from None
        return message["header"]["msg_id"]

    def _read(self, socket):
        """(message, bytes) or queue.Empty for what is none: learners hold the key of the session too."""
        try:
            frames = socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again as problem:
            raise queue.Empty from problem
        size = sum(map(len, frames))
        try:
            _, rest = self.session.feed_identities(frames)
            message = self.session.deserialize(rest, content=True)
        except Exception as problem:  # a learner can send any bytes; what cannot be read is no message
            raise queue.Empty from problem
        if not all(isinstance(message.get(key), dict) for key in ("header", "parent_header", "content")):
            raise queue.Empty
        return message, size


def _resident():
    """The bytes of memory that this process has; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _belongs(message, identity):
    return message["parent_header"].get("msg_id") == identity


def _collect(message, identity, result):
    """Add a broadcast to the result; True when the cell is done."""
    if not _belongs(message, identity):
        return False
    kind, content = message.get("msg_type"), message["content"]
    if kind == "status":
        return content.get("execution_state") == "idle"
    if kind in ("display_data", "execute_result") and isinstance(content.get("data"), dict):
        if MIME in content["data"] and len(result.displays) < KEPT_ANSWERS:
            result.displays.append(content["data"])
    elif kind == "stream" and isinstance(content.get("text"), str) and len(result.printed) < KEPT_TEXT:
        result.printed += content["text"][: KEPT_TEXT - len(result.printed)]
    return False
