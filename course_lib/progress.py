"""Progress bars where tqdm is installed, plain iteration where it is not (a bare GPU machine)."""

SECONDS = 0.5  # between two pictures of a bar: in a notebook each is several messages to the browser


def progress(iterable, desc=None, total=None):
    """Iterate with a progress bar that disappears when it is done.

    Returns an iterator with `set_postfix_str(text, refresh=False)`: the figure beside the bar, shown with its next
    picture.
    """
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _Plain(iterable)
    return tqdm(iterable, desc=desc, total=total, leave=False, mininterval=SECONDS)


class _Plain:
    def __init__(self, iterable):
        self._iterable = iterable

    def __iter__(self):
        return iter(self._iterable)

    def set_postfix_str(self, text, refresh=False):
        """There is no bar to write beside."""
