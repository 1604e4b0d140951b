"""Execute an edition in a fresh kernel, without Jupyter: cell by cell, with errors that lead to the authored line."""

import os
import re
import sys
import tempfile
import time
from pathlib import Path

from course_lib.authoring.source import shown
from course_lib.errors import CourseError

CELL_TIMEOUT = 600  # seconds; a lecture as a whole is meant to take 60
TRACEBACK_LINES = 30
WIDGET = "application/vnd.jupyter.widget-view+json"
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_SPEEDS = ("it/s", "s/it", "?it")  # at the end of a tqdm bar


class ExecutionError(CourseError):
    """A cell failed, or the kernel died. Says lecture, cell, line of the authored file, and the error."""


def execute(edition, lecture, environment=None, timeout=CELL_TIMEOUT):
    """Execute the cells of an edition in order and keep their outputs in it.

    The kernel is this very Python and sees this very course_lib. It works in an empty temporary folder: a lecture that
    needs a file beside it fails here as it would on Colab, and nothing that it writes stays in the checkout.

    Args:
        edition: Edition; its notebook receives the outputs.
        lecture: Lecture, for messages.
        environment: variables for the kernel beside the present ones, such as {"COURSE_PROFILE": "cpu"}.
        timeout: seconds per cell.
    Returns:
        (the executed notebook, list of the seconds that each cell took).
    Raises:
        ExecutionError: at the first cell that fails.
    """
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    from course_lib.progress import progress

    notebook = nbformat.from_dict(edition.notebook)
    metadata = dict(notebook.metadata)
    seconds = []
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch) / "lecture"
        folder.mkdir()
        kernel = AsyncKernelManager(
            kernel_name="python3",
            # No folders to look in: a "python3" that the user installed for another Python cannot take over.
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            # Files that only this user can open instead of network ports, where the system has them.
            transport="tcp" if os.name == "nt" else "ipc",
            connection_file=str(Path(scratch) / "kernel.json"),
        )
        client = NotebookClient(notebook, km=kernel, timeout=timeout, record_timing=False, store_widget_state=False)
        with client.setup_kernel(env=_environment(environment), cwd=str(folder), cleanup_kc=True):
            for index, cell in enumerate(progress(notebook.cells, desc=f"{lecture.name}, cells")):
                began = time.perf_counter()
                _execute_cell(client, cell, index, edition, lecture, timeout)
                seconds.append(time.perf_counter() - began)
    _clean(notebook, folder)
    notebook.metadata = nbformat.from_dict(metadata)
    return notebook, seconds


def write_html(notebook, path, title):
    """Write an executed notebook as one readable HTML page.

    Text, code, figures and style are inside the page. Formulas are typeset by MathJax, which the page fetches when it
    is online; offline they read as TeX.

    Args:
        notebook: executed notebook.
        path: file to write.
        title: of the page.
    """
    import nbformat
    from nbconvert import HTMLExporter

    from course_lib.atomic import write_atomically

    exporter = HTMLExporter(raw_template=_PAGE, embed_images=True)
    page, _ = exporter.from_notebook_node(nbformat.from_dict(notebook), {"metadata": {"name": title}})
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, page)
    except OSError as error:
        raise CourseError(f"Cannot write {path}: {error.strerror}. Choose another place with --html FILE.") from error


# JupyterLab's page without the scripts that only live widgets and diagrams need.
_PAGE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
  main { max-width: 62rem; margin: 0 auto; padding: 0 1rem; }
  .jp-InputPrompt, .jp-OutputPrompt, .jp-Collapser { display: none; }
  .jp-OutputArea-output img { max-width: 100%; height: auto; }
</style>
{%- endblock -%}
"""


def _environment(more):
    package_parent = str(Path(__file__).resolve().parents[2])
    paths = [package_parent, os.environ.get("PYTHONPATH", "")]
    fixed = {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONHASHSEED": "0",  # the order of sets, so that outputs are the same every time
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the debugger writes a warning into the first cell
    }
    return {**os.environ, **fixed, **(more or {})}


def _execute_cell(client, cell, index, edition, lecture, timeout):
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    try:
        client.execute_cell(cell, index)
    except CellExecutionError as error:
        trace = _COLOR.sub("", "\n".join(_last_error(cell) or [str(error)]))
        line = _failing_line(trace, cell)
        raise ExecutionError(_message(index, edition, lecture, cell, line, _shortened(trace))) from None
    except CellTimeoutError:
        text = f"The cell took more than {timeout} s and was stopped."
        raise ExecutionError(_message(index, edition, lecture, cell, 1, text)) from None
    except DeadKernelError:
        text = "The kernel died in this cell, most likely for lack of memory: try smaller clips or batches."
        raise ExecutionError(_message(index, edition, lecture, cell, 1, text)) from None


def _last_error(cell):
    errors = [output.traceback for output in cell.outputs if output.output_type == "error"]
    return errors[-1] if errors else None


def _failing_line(trace, cell):
    """Number of the line in the cell at which the error passed through it."""
    found = re.search(rf"Cell In ?\[{cell.execution_count}\], line (\d+)", trace)
    return int(found[1]) if found else 1


def _message(index, edition, lecture, cell, line, text):
    numbers = edition.lines[index]
    within = numbers[min(line, len(numbers)) - 1] if numbers else None
    written = next((number for number in numbers if number), "?")
    where = f"{shown(lecture.path)}:{within or written}"
    course = cell.metadata.get("course", {})
    called = course.get("exercise") or course.get("check")
    name = f" ({'exercise' if 'exercise' in course else 'check'} {called})" if called else ""
    code = (cell.source.splitlines() or [""])[min(line, len(numbers)) - 1].strip()
    made = edition.notebook["metadata"]["course"]["edition"]
    return f"{where}: lecture {lecture.number}, cell {index + 1}{name}, {made} edition, failed at\n    {code}\n{text}"


def _shortened(trace):
    lines = trace.rstrip().splitlines()
    if len(lines) <= TRACEBACK_LINES:
        return "\n".join(lines)
    return "\n".join([*lines[: TRACEBACK_LINES // 2], "    [...]", *lines[-TRACEBACK_LINES // 2 :]])


def _clean(notebook, folder):
    """Take out what differs from run to run or from machine to machine, and views that need a live kernel."""
    checkout = Path(__file__).resolve().parents[2]
    places = {str(folder): "<folder>", sys.prefix: "<environment>", str(checkout): "<course>", str(Path.home()): "~"}
    places.pop("/", None)  # a home of some containers
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in map(_still, _joined(cell.outputs)) if output]
            for output in cell.outputs:
                _replace_places(output, places)


def _joined(outputs):
    """Join what was printed in pieces (how many depends on timing), and let a carriage return overwrite its line.

    nbclient's own `coalesce_streams` takes quadratic time on long lines: minutes for one of 700 KB.
    """
    joined = []
    for output in outputs:
        is_stream = output.output_type == "stream"
        if is_stream and joined and joined[-1].output_type == "stream" and joined[-1].name == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    for output in joined:
        if output.output_type == "stream":
            lines = output.text.replace("\r\n", "\n").split("\n")
            output.text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
    return joined


def _still(output):
    """An output as it reads without a kernel, or None if nothing remains of it.

    A widget that brings its picture is stored as that; one that brings none (a finished progress bar) is dropped.
    """
    if output.output_type == "stream":
        output.text = "".join(line for line in re.split(r"(?<=\n)", output.text) if not _is_bar(line))
        return output if output.text.strip() else None
    data = output.get("data", {})
    if WIDGET in data:
        del data[WIDGET]
        return output if set(data) - {"text/plain"} else None
    return output


def _is_bar(line):
    """Whether a line is a tqdm bar that was left standing: a number of percent, and behind it a speed."""
    end = max(line.rfind(speed) for speed in _SPEEDS)
    percent = line.find("%|", 0, max(end, 0))
    while percent >= 0 and not line[max(percent - 1, 0) : percent].isdigit():
        percent = line.find("%|", percent + 1, end)
    return percent >= 0


def _replace_places(output, places):
    """Name the folders of this machine by what they are: a committed notebook says nothing about who ran it."""

    def named(text):
        for place in sorted(places, key=len, reverse=True):
            text = text.replace(place, places[place])
        return text

    if "text" in output:
        output.text = named(output.text)
    if "traceback" in output:
        output.traceback = [named(line) for line in output.traceback]
    for mime, value in output.get("data", {}).items():
        if isinstance(value, str) and mime.startswith("text/"):
            output.data[mime] = named(value)
