"""Progress bars where tqdm is installed, plain iteration where it is not (a bare GPU machine)."""


def progress(iterable, desc=None, total=None):
    """Iterate with a progress bar that disappears when it is done.

    Returns an iterator with `set_postfix_str(text)`, which shows a figure beside the bar.
    """
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _Plain(iterable)
    return tqdm(iterable, desc=desc, total=total, leave=False)


class _Plain:
    def __init__(self, iterable):
        self._iterable = iterable

    def __iter__(self):
        return iter(self._iterable)

    def set_postfix_str(self, text, refresh=False):
        """There is no bar to write beside."""
