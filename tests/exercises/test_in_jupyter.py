"""`check` in a real Jupyter kernel: what it displays, whose line it names, and what the stop button does."""

import pytest

jupyter_client = pytest.importorskip("jupyter_client")

DEFINE = "import torch\nfrom torch.nn import functional as F\nfrom course_lib import check\n"


@pytest.fixture(scope="module")
def kernel():
    manager, client = jupyter_client.manager.start_new_kernel(kernel_name="python3")
    try:
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def run(kernel):
    """Execute a cell; returns (outputs as {mime type: text}, reply's status)."""

    def execute(code, stop_after=()):
        """`stop_after`: the stop button is pressed when the cell has said all of this."""
        outputs, waiting = [], set(stop_after)

        def note(message):
            kind, content = message["msg_type"], message["content"]
            if kind in ("stream", "error", "display_data", "execute_result"):
                outputs.append(content.get("data") or {kind: content.get("text") or content.get("evalue")})
                said = {words for words in waiting if words in str(outputs[-1])}
                waiting.difference_update(said)
                if said and not waiting:
                    kernel[0].interrupt_kernel()

        reply = kernel[1].execute_interactive(code, output_hook=note, timeout=60, store_history=True)
        return outputs, reply["content"]["status"]

    return execute


def test_a_check_is_a_box_with_the_learners_own_line(run):
    run(DEFINE)
    run("def to_clip(frames):\n    moved = frames.permute(3, 0, 1)\n    return moved")
    outputs, status = run('to_clip = check("00.1", to_clip)')
    assert status == "ok" and [set(o) for o in outputs] == [{"text/html", "text/plain"}]
    assert "at line 2 of your cell: moved = frames.permute(3, 0, 1)" in outputs[0]["text/plain"]
    assert "at line 2 of your cell" in outputs[0]["text/html"]


def test_the_next_cells_get_the_courses_version(run):
    outputs, status = run("print(to_clip(torch.zeros(2, 3, 4, 3, dtype=torch.uint8)).shape)")
    assert (outputs, status) == ([{"stream": "torch.Size([3, 2, 3, 4])\n"}], "ok")


CALLS = """def helper(x, w):
    return F.conv3d(x, w)

class Net(torch.nn.Module):
    def forward(self, x):
        return F.conv3d(x, x)
"""


def test_source_of_functions_and_methods_is_read(run):
    run(DEFINE)
    run(CALLS)
    run("from course_lib.exercises.shortcuts import find_shortcut")
    for answer, line in (("lambda x, w: helper(x, w)", 2), ("Net", 6)):
        run(f"found, unreadable = find_shortcut({answer}, ['torch.conv3d'])")
        assert run("print(found.line[0], unreadable)")[0] == [{"stream": f"{line} False\n"}]


ENDLESS = """def caption(h, table, weight_hh, weight_out, bias_out, longest):
    words, word = [], 0
    while True:
        h = torch.tanh(table[word] + weight_hh @ h)
        word = int((weight_out @ h + bias_out).argmax())
        if longest == 0 and not words:
            print("no end", file=sys.stderr, flush=True)
        if word == 0:
            return words
        words.append(word)
        if len(words) == longest:
            return words
"""


def test_an_endless_loop_says_how_to_stop_it_and_the_notebook_goes_on(run):
    """It never ends where no word at all is allowed: nobody would know without a word of the check."""
    run(DEFINE + "import sys")
    run("sys.modules['course_lib.lesson.check'].PATIENCE = 0.5")
    run(ENDLESS)
    outputs, status = run('caption = check("10.5", caption)', stop_after=("10.5 has been running", "no end"))
    assert status == "ok" and any("Interrupt" in output.get("stream", "") for output in outputs)
    verdict = outputs[-1]["text/plain"]
    assert "(4 of 5 tests passed" in verdict and "Stopped while running your code, at line " in verdict
    assert run("print(caption.__module__)") == ([{"stream": "course_lib.exercises.lectures.l10\n"}], "ok")
