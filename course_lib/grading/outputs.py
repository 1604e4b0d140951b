"""Read a large notebook without its outputs: films and pictures in it may be a hundred times as large as the code.

The file is never in memory as a whole, and what is kept of it has a limit.
"""

import re

PIECE = 2**20  # bytes that are read at once
DEEPEST = 200  # brackets within each other
MOST_TOKENS = 20_000_000  # brackets and strings that are looked at: about ten seconds
_TOKEN = re.compile(rb'["\[\]{}]')
_END = re.compile(rb'["\\]')


def without_outputs(file, most):
    """The text of a notebook in which the list of every "outputs" is empty.

    Args:
        file: open for reading bytes.
        most: bytes that may be kept.
    Returns:
        bytes.
    Raises:
        ValueError: why that cannot be done; a clause that may follow "and".
    """
    scan = _Scan(most)
    while piece := file.read(PIECE):
        scan.take(piece)
    return b"".join(scan.kept)


class _Scan:
    """Follows brackets and strings; what stands in the value of an "outputs" is not kept."""

    def __init__(self, most):
        self.kept, self.left, self.tokens = [], most, 0
        self.depth, self.skipped_from = 0, None  # the depth of the bracket whose content is left out
        self.in_string, self.escaped = False, False
        self.string, self.name = b"", b""  # the beginning of the present string, and the one before

    def take(self, piece):
        place = begin = 0  # of what is to be kept
        while place < len(piece):
            if self.escaped:
                self.escaped, place = False, place + 1
                continue
            found = (_END if self.in_string else _TOKEN).search(piece, place)
            end = found.start() if found else len(piece)
            if self.in_string and len(self.string) < 10:
                self.string += piece[place : min(end, place + 10)]
            if not found:
                break
            place = end + 1
            self.tokens += 1
            if self.tokens > MOST_TOKENS:
                raise ValueError("it has more parts than a notebook has")
            sign = piece[end : end + 1]
            if self.in_string:
                self.escaped = sign == b"\\"
                if sign == b'"':
                    self.in_string, self.name = False, self.string
            elif sign == b'"':
                self.in_string, self.string = True, b""
            elif sign in b"[{":
                self.depth += 1
                if self.depth > DEEPEST:
                    raise ValueError("it is JSON of a depth that no notebook has")
                if self.skipped_from is None and sign == b"[" and self.name == b"outputs":
                    self._keep(piece[begin:place])
                    self.skipped_from = self.depth
                self.name = b""
            else:
                if self.skipped_from == self.depth:
                    self.skipped_from, begin = None, end
                self.depth -= 1
        if self.skipped_from is None:
            self._keep(piece[begin:])

    def _keep(self, text):
        self.left -= len(text)
        if self.left < 0:
            raise ValueError("most of it is no output")
        self.kept.append(text)
