"""Widgets in a real JupyterLab: run the notebook, move a slider with the keyboard, see the picture follow.

Screenshots land in tests/screenshots/ (not in git): look at them.
"""

import re
import time
from pathlib import Path

import nbformat
import pytest
from widget_cells import cells_for_widgets, is_widget

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "tests" / "screenshots"
PICTURE = ".jp-OutputArea-output .widget-html img"
HANDLE = ".widget-slider:not(:has([disabled])) .noUi-handle"
NARROWEST = 60  # pixels of a slider's track: less cannot be aimed at
pytestmark = pytest.mark.browser

CLIP = """\
import numpy as np
from skimage import data
photo = data.chelsea()
clip = np.stack([photo[:, 2 * t : 2 * t + 300] for t in range(75)]).transpose(3, 0, 1, 2)
clip.shape"""
WIDGETS = {
    "clip_sampler": (
        CLIP,
        "from course_lib.widgets.clip_sampler import ClipSampler\nClipSampler(clip, start=20, stride=4)",
    ),
    "convolution": (
        "from course_lib.widgets.convolution_explorer import ConvolutionExplorer",
        "ConvolutionExplorer()",
    ),
    "receptive_field": (
        "from course_lib.widgets.receptive_field import ReceptiveFieldExplorer",
        "ReceptiveFieldExplorer()",
    ),
}
BEGUN = re.compile(r"\[(\*|\d+)\]")  # the prompt of a cell that waits, runs or has run
ENDED = re.compile(r"\[( |\d+)\]")  # of one that has run, or never will because one above it failed
LECTURES = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
WHOLE = ("00", "02")  # what the quick tier runs from top to bottom; of other lectures it runs what their widgets need



def whole(name):
    """A lecture as parameter, left to the full tier unless it is one of the chosen."""
    return pytest.param(name, marks=() if name[:2] in WHOLE else pytest.mark.full("whole lectures in the browser"))


@pytest.mark.parametrize("name", WIDGETS)
def test_widget_follows_the_keyboard(page, lab, name):
    cells = [nbformat.v4.new_code_cell(source, id=f"cell{i}") for i, source in enumerate(WIDGETS[name])]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = lab.workspace / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), notebook)
    open_notebook(page, lab, notebook.name)
    run_all(page)
    cell = show_cell(page, 1)
    cell.locator(PICTURE).wait_for(timeout=60_000)
    page.screenshot(path=shot(f"{name}_1280"))
    assert move_every_slider(page, cell) == 2
    play_by_keyboard(page, cell)
    nothing_is_cut_off(cell)
    page.set_viewport_size({"width": 900, "height": 900})
    page.wait_for_timeout(500)
    nothing_is_cut_off(cell)
    page.screenshot(path=shot(f"{name}_900"))
    no_errors_in(page, notebook)


@pytest.mark.parametrize("name", [name for name in LECTURES if name[:2] not in WHOLE])
def test_the_widgets_of_a_lecture_move(page, lab, name):
    """With what they need of the lecture and no more."""
    solved = nbformat.read(ROOT / "notebooks" / "solutions" / name, as_version=4)
    cells = cells_for_widgets(solved.cells)
    if not cells:
        pytest.skip(f"{name} has no widget")
    notebook = lab.workspace / f"widgets_of_{name}"
    for cell in cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=solved.metadata), notebook)
    run_and_move_widgets(page, lab, notebook)


@pytest.mark.parametrize("name", [whole(name) for name in LECTURES])
def test_a_lecture_runs_from_top_to_bottom(page, lab, name):
    """As the learner opens it, exercises unsolved."""
    run_and_move_widgets(page, lab, lab.workspace / name)


def run_and_move_widgets(page, lab, notebook):
    """Open a notebook, run all cells, move each widget and take its picture; no cell may fail."""
    open_notebook(page, lab, notebook.name)
    cells = nbformat.read(notebook, as_version=4).cells
    run_all(page)
    last = max(i for i, cell in enumerate(cells) if cell.cell_type == "code")
    prompt = show_cell(page, last).locator(".jp-InputPrompt")
    prompt.filter(has_text=BEGUN).wait_for()
    prompt.filter(has_text=ENDED).wait_for(timeout=300_000)
    no_errors_in(page, notebook)
    moved = 0
    for index in [i for i, cell in enumerate(cells) if is_widget(cell)]:
        cell = show_cell(page, index)
        page.wait_for_timeout(500)  # a view that was out of sight is drawn anew
        moved += move_every_slider(page, cell) + choose_by_keyboard(page, cell)
        nothing_is_cut_off(cell)
        cell.scroll_into_view_if_needed()
        page.screenshot(path=shot(f"{notebook.stem}_cell{index}"))
    assert moved or not any(map(is_widget, cells)), "no slider and no list of this lecture could be moved"
    no_errors_in(page, notebook)


def open_notebook(page, lab, name):
    """Open a notebook as the learner does, and wait until its kernel is there."""
    page.goto(f"{lab.address}/lab/tree/{name}?token={lab.token}&reset", timeout=60_000)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    status(page, "Idle", seconds=60)


def status(page, word, seconds):
    """Wait until the status bar says that the kernel is Idle or Busy."""
    page.locator("#jp-main-statusbar").get_by_text(f"| {word}").wait_for(timeout=1000 * seconds)


def run_all(page):
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def show_cell(page, index):
    """Scroll to a cell. JupyterLab keeps only the cells near the window in the page."""
    cell = page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')
    scroller = page.locator(".jp-WindowedPanel-outer").first
    scroller.evaluate("panel => panel.scrollTop = 0")
    for _ in range(200):
        page.wait_for_timeout(100)
        if cell.count():
            cell.scroll_into_view_if_needed()
            return cell
        scroller.evaluate("panel => panel.scrollTop += 0.7 * panel.clientHeight")
    pytest.fail(f"cell {index} never came into view")


def move_every_slider(page, cell):
    """Focus each slider, press an arrow key, see number, picture and caption change; returns how many moved."""
    sliders = cell.locator(HANDLE)
    for i in range(sliders.count()):
        handle = sliders.nth(i)
        number, before = handle.get_attribute("aria-valuenow"), shown(cell)
        at_start = number == handle.get_attribute("aria-valuemin")
        handle.focus()
        started = time.perf_counter()
        page.keyboard.press("ArrowRight" if at_start else "ArrowLeft")
        wait_for_change(page, cell, before)
        print(f"slider {i}: {1e3 * (time.perf_counter() - started):.0f} ms from key to picture")
        assert handle.get_attribute("aria-valuenow") != number
    return sliders.count()


def choose_by_keyboard(page, cell):
    """Open each list with the space bar, take another entry, see picture and caption change; returns how many."""
    lists = cell.locator(".widget-dropdown select")
    for i in range(lists.count()):
        chosen, before = lists.nth(i).input_value(), shown(cell)
        at_start = lists.nth(i).evaluate("list => list.selectedIndex") == 0
        lists.nth(i).focus()
        page.keyboard.press("Space")
        page.wait_for_timeout(200)  # the list opens
        page.keyboard.press("ArrowDown" if at_start else "ArrowUp")
        page.keyboard.press("Enter")
        page.wait_for_timeout(200)
        assert lists.nth(i).input_value() != chosen
        if cell.get_by_text("beyond the end").count() == 0:  # what the sampler does there shows only when it gets there
            wait_for_change(page, cell, before)
    return lists.count()


def play_by_keyboard(page, cell):
    """Where there is a player: its button starts it, the video runs on, the button stops it."""
    buttons = cell.locator(".widget-play button")
    if not buttons.count():
        return
    handle = cell.locator(HANDLE).first
    start = float(handle.get_attribute("aria-valuenow"))
    buttons.first.focus()
    page.keyboard.press("Enter")
    deadline = time.monotonic() + 10
    while float(handle.get_attribute("aria-valuenow")) < start + 4:
        assert time.monotonic() < deadline, "the player stands still"
        page.wait_for_timeout(50)
    before = shown(cell)
    wait_for_change(page, cell, before)
    page.keyboard.press("Enter")


def shown(cell):
    """(picture, alternative text) that the widget shows now."""
    picture = cell.locator(PICTURE)
    return picture.get_attribute("src"), picture.get_attribute("alt")


def wait_for_change(page, cell, before, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        now = shown(cell)
        if now[0] != before[0] and now[1] != before[1]:
            return
        page.wait_for_timeout(10)
    pytest.fail(f"the picture did not follow the slider within {seconds} s; it still says: {before[1]}")


def nothing_is_cut_off(cell):
    """No picture wider than its place, no label, button or choice shortened, no slider without a way to slide."""
    cut = cell.evaluate(
        """cell => [...cell.querySelectorAll('img, .widget-label, .widget-button, .widget-toggle-button, select')]
            .filter(part => {
                const place = part.closest('.jp-OutputArea-output')
                return part.scrollWidth > part.clientWidth + 1
                    || (place && part.getBoundingClientRect().right > place.getBoundingClientRect().right + 1)
            })
            .map(part => part.textContent || part.alt)"""
    )
    assert not cut, f"cut off: {cut}"
    tracks = cell.locator(".noUi-target").evaluate_all("tracks => tracks.map(track => track.clientWidth)")
    assert min(tracks, default=NARROWEST) >= NARROWEST, f"tracks of the sliders, in pixels: {tracks}"


def no_errors_in(page, notebook):
    """Save as the learner would, and read all outputs from the file: the page holds only those near the window."""
    before = notebook.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    deadline = time.monotonic() + 20
    while (saved := saved_since(notebook, before)) is None:
        assert time.monotonic() < deadline, "the notebook could not be saved"
        page.wait_for_timeout(200)
    cells = [cell for cell in saved.cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs, "the saved notebook holds no outputs: was it run and saved?"
    errors = [output.ename + ": " + output.evalue for output in outputs if output.output_type == "error"]
    assert not errors, errors


def saved_since(notebook, before):
    """The notebook as saved after the moment `before`, None while that is not so or JupyterLab is still writing."""
    if notebook.stat().st_mtime_ns == before:
        return None
    try:
        return nbformat.read(notebook, as_version=4)
    except nbformat.reader.NotJSONError:
        return None


def shot(name):
    SHOTS.mkdir(exist_ok=True)
    return SHOTS / f"{name}.png"
