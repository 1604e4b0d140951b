"""Show a box as HTML in Jupyter and as plain text everywhere else."""


class Rich:
    """An object that Jupyter shows as HTML and a terminal shows as text; `data` is for programs, by MIME type."""

    def __init__(self, html, text, data=None):
        self.html, self.text, self.data = html, text, data or {}

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html, "text/plain": self.text, **self.data}

    def __repr__(self):
        return self.text


def in_jupyter():
    """Whether the code runs in a Jupyter kernel (not in a terminal or a plain script)."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def show_html(html, text, data=None):
    """Display `html` in Jupyter (with `text` as its plain form, and `data` unseen beside it) or print `text`."""
    if in_jupyter():
        from IPython.display import display

        display(Rich(html, text, data))
    else:
        print(text)


def box(title, body="", tone="neutral"):
    """HTML of a quiet box with a coloured left edge; colours are readable on light and dark themes.

    Args:
        title, body: HTML; escape what comes from a learner first.
        tone: "good", "bad", "wait" or "neutral". The title must say it too: colour is never the only sign.
    """
    edge = {"good": "#2e8b57", "bad": "#c0392b", "wait": "#b8860b", "neutral": "#5b7c99"}[tone]
    return (
        f'<div style="border-left:4px solid {edge};padding:.4em .9em;margin:.4em 0;max-width:60em;line-height:1.45">'
        f'<div style="font-weight:600">{title}</div>{body}</div>'
    )
