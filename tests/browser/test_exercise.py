"""An exercise as a learner meets it: type a wrong answer, read what is wrong, type the right one."""

import nbformat
import pytest

from tests.browser.test_browser import ROOT, no_errors_in, open_notebook, run_all, shot, show_cell

pytestmark = pytest.mark.browser

READABLE = 4.5  # contrast of text and ground that WCAG 2.1 (1.4.3, level AA) asks for
CONTRAST = """(box) => {
    const rgba = text => { const n = text.match(/[0-9.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n }
    const over = (top, ground) => top.slice(0, 3).map((c, i) => c * top[3] + ground[i] * (1 - top[3]))
    const light = color => color.map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
    const painted = node => {  // [ground, opacity] of what lies behind and over a node
        if (!node) return [[255, 255, 255], 1]
        const [ground, opacity] = painted(node.parentElement), style = getComputedStyle(node)
        return [over(rgba(style.backgroundColor), ground), opacity * style.opacity]
    }
    const texts = document.createTreeWalker(box, NodeFilter.SHOW_TEXT), found = []
    while (texts.nextNode()) {
        const words = texts.currentNode.textContent.trim(), node = texts.currentNode.parentElement
        if (!words) continue
        const [ground, opacity] = painted(node), ink = rgba(getComputedStyle(node).color)
        const both = [light(over([...ink.slice(0, 3), ink[3] * opacity], ground)), light(ground)].sort((a, b) => b - a)
        found.push([words, (both[0] + 0.05) / (both[1] + 0.05)])
    }
    return found
}"""

# lecture, exercise, what is wrong with the right answer, and words of the reason
EXERCISES = [
    ("00_start_here", "00-1", ("permute(3, 0, 1, 2)", "permute(0, 3, 1, 2)"), "time"),
    ("03_large_scale_video", "03-5", ("(early, late)", "(late, early)"), "swapped"),
    ("24_consistent_video_depth", "24-1", ("[known]).median()", "[known]).mean()"), "median"),
]


@pytest.mark.parametrize(("lecture", "number", "slip", "reason"), EXERCISES, ids=[row[1] for row in EXERCISES])
def test_a_wrong_answer_is_explained_and_a_right_one_accepted(page, lab, lecture, number, slip, reason):
    learner = nbformat.read(lab.workspace / f"{lecture}.ipynb", as_version=4)
    wanted = [f"{kind}-{number}" for kind in ("exercise", "check")]
    chosen = [cell for cell in learner.cells if cell.id in wanted]
    start = nbformat.v4.new_code_cell(_imports(learner), id="start")
    notebook = lab.workspace / f"only_{number}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[start, *chosen], metadata=learner.metadata), notebook)
    solved = nbformat.read(ROOT / "notebooks" / "solutions" / f"{lecture}.ipynb", as_version=4)
    right = next(cell.source for cell in solved.cells if cell.id == wanted[0])

    open_notebook(page, lab, notebook.name)
    run_all(page)
    says(page, "Not attempted yet")
    answer(page, right.replace(*slip))
    says(page, "Likely reason")
    says(page, reason)
    page.screenshot(path=shot(f"exercise_{number}_wrong"))
    is_readable(page)
    answer(page, right)
    says(page, "Correct")
    page.screenshot(path=shot(f"exercise_{number}_right"))
    no_errors_in(page, notebook)


def test_verdicts_claims_and_predictions_are_readable_in_the_dark(page, lab):
    cells = [
        "from course_lib import check, claim, predict\nfrom course_lib.widgets.flow_wheel import FlowWheel",
        "claim('It holds.', True, '2 against 1')\nclaim('It does not.', False, '1 against 2')",
        "for guess in (None, 14, 15):\n    predict('How many?', guess, unit='frames').reveal(15)\n"
        "_ = check('00.1', lambda frames: print(frames.shape))",
        "FlowWheel()",
    ]
    notebook = lab.workspace / "boxes.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    code = [nbformat.v4.new_code_cell(source, id=f"cell{i}") for i, source in enumerate(cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=code, metadata=kernel), notebook)
    open_notebook(page, lab, notebook.name)
    run_all(page)
    show_cell(page, 3).locator(".widget-html img").wait_for(timeout=60_000)
    for theme in ("Dark", "Light"):
        page.get_by_role("menuitem", name="Settings", exact=True).click()
        page.locator(".lm-Menu-itemLabel").get_by_text("Theme", exact=True).first.hover()
        page.locator(".lm-Menu-itemLabel").get_by_text(f"JupyterLab {theme}", exact=True).click()
        page.locator(f"body[data-jp-theme-name='JupyterLab {theme}']").wait_for(state="attached")
        page.wait_for_timeout(500)  # the new style sheet is read
        for index in (1, 2, 3):
            is_readable(page, index)
        page.screenshot(path=shot(f"boxes_{theme.lower()}"))


def is_readable(page, index=2):
    """Every word of a cell's output stands out from what is behind it."""
    boxes = show_cell(page, index).locator(".jp-OutputArea-output")
    found = boxes.evaluate_all(f"boxes => boxes.flatMap({CONTRAST})")
    assert found, "there is no text to read"
    pale = [(words, round(contrast, 1)) for words, contrast in found if contrast < READABLE]
    assert not pale, f"hard to read: {pale}"


def answer(page, source):
    """Replace what is in the exercise's cell, and run it and its check, all by keyboard."""
    show_cell(page, 1).locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")


def says(page, words):
    """Wait until the check's box holds these words."""
    box = show_cell(page, 2).locator(".jp-OutputArea-output")
    box.get_by_text(words, exact=False).first.wait_for(timeout=30_000)


def _imports(lecture):
    """`check`, and what the lecture's own cells import."""
    code = [cell.source for cell in lecture.cells[:6] if cell.cell_type == "code" and "find_spec" not in cell.source]
    return "\n".join(["from course_lib import check", *(text for text in code if text.startswith(("import", "from")))])
