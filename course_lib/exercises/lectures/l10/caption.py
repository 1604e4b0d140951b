"""10.5: greedy decoding of an RNN that starts from a picture."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def caption(h, table, weight_hh, weight_out, bias_out, longest):
    word, words = 0, []
    for _ in range(longest):
        h = torch.tanh(table[word] + weight_hh @ h)
        word = int((weight_out @ h + bias_out).argmax())
        if word == 0:
            break
        words.append(word)
    return words
"""

STATE = "torch.tanh(table[word] + weight_hh @ h)"
CHOSEN = "int((weight_out @ h + bias_out).argmax())"
STOP = "        if word == 0:\n            break\n"


def _decoder(generator, words, hidden, ends):
    """Numbers of a decoder whose sentences end (`ends`) or not, never by a hair: no tie that rounding could decide."""
    for _ in range(1000):
        draw = [torch.randn(*shape, generator=generator) for shape in ((hidden,), (words, hidden), (hidden, hidden))]
        h, table, weight = draw[0].tanh(), 1.5 * draw[1], 1.2 * draw[2]
        out, bias = 2 * torch.randn(words, hidden, generator=generator), torch.randn(words, generator=generator)
        said, closest = _follow(h, table, weight, out, bias, 8)
        kinds = len(set(said))
        if closest > 0.05 and ((0 in said[3:6] and 0 not in said[:3]) if ends else 0 not in said) and kinds > 2:
            return h, table, weight, out, bias
    raise AssertionError("no such decoder was drawn")


def _follow(h, table, weight, out, bias, steps):
    """The words, and the smallest lead of a word over the next best."""
    word, said, closest = 0, [], float("inf")
    for _ in range(steps):
        h = torch.tanh(table[word] + weight @ h)
        best = (out @ h + bias).topk(2)
        word, closest = int(best.indices[0]), min(closest, float(best.values[0] - best.values[1]))
        said.append(word)
    return said, closest


def _cases(generator):
    return [
        Case("6 words, 4 units, a sentence that ends", (*_decoder(generator, 6, 4, True), 8)),
        Case("5 words, 7 units, a sentence that ends", (*_decoder(generator, 5, 7, True), 8)),
        Case("7 words, 5 units, cut off after 5 words", (*_decoder(generator, 7, 5, False), 5)),
        Case("9 words, 9 units, cut off after 7 words", (*_decoder(generator, 9, 9, False), 7)),
        Case("no word at all is allowed", (*_decoder(generator, 5, 3, False), 0)),
    ]


caption = exercise(
    "10.5",
    "Greedy decoding",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "the last word is not fed back: the table's row is that of the word just said",
            {
                "table[word]": "table[0]",
            },
        ),
        edit(
            "the state is not carried on: each step starts from the picture again",
            {"        h = torch": "        new = torch", "@ h + bias": "@ new + bias"},
        ),
        edit(
            "the end is said as a word: stop before 0 is appended",
            {
                STOP + "        words.append(word)": "        words.append(word)\n" + STOP.rstrip(),
            },
        ),
        edit("the sentence never ends: stop when the word is 0", {STOP: ""}),
        edit(
            "ends are skipped, and the sentence goes on: break at the first 0",
            {"            break": "            continue"},
        ),
        edit("the state's weights are missing", {" + weight_hh @ h": ""}),
        edit("the tanh is missing", {STATE: "table[word] + weight_hh @ h"}),
        edit("the bias of the scores is missing", {" + bias_out": ""}),
        edit("the weights of the state are transposed", {"weight_hh @ h": "weight_hh.T @ h"}),
        edit("the words said before the end are lost: return them", {"            break": "            return []"}),
        edit("this takes the least likely word", {"argmax": "argmin"}),
        edit(
            "the tanh is only in front of the scores: the state that is carried on goes through it, too",
            {STATE: "table[word] + weight_hh @ h", "@ h + bias": "@ torch.tanh(h) + bias"},
        ),
        edit("one word too many: `longest` words at most", {"range(longest)": "range(longest + 1)"}),
        edit("one word too few: `longest` words are allowed", {"range(longest)": "range(longest - 1)"}),
        edit("the first word given is 0, the same number as the end", {"word, words = 0, []": "word, words = 1, []"}),
        edit("the beginning is no word of the sentence: the list starts empty", {"words = 0, []": "words = 0, [0]"}),
        edit("only the last word came: return the list", {"return words": "return word"}),
        edit(
            "the first word is said before anything was computed from the picture's state",
            {
                f"h = {STATE}\n        word = {CHOSEN}": f"word = {CHOSEN}\n        h = {STATE}",
            },
        ),
        edit(
            "the candidates are drawn from the scores' size, not their sign: no absolute value",
            {
                "(weight_out @ h + bias_out).argmax()": "(weight_out @ h + bias_out).abs().argmax()",
            },
        ),
    ),
    hints=(
        "A loop: state from the last word and the old state, scores from the state, word from the scores. The word "
        "that was said is the next input. Before the first word, the input is word 0.",
        "`torch.tanh(table[word] + weight_hh @ h)`, then `weight_out @ h + bias_out`, then `int(scores.argmax())`. "
        "`break` leaves the loop.",
        "`h = torch.tanh(table[____] + weight_hh @ h)`, `word = int((____).argmax())`, `if word == ____: break`, "
        "`words.append(word)`.",
    ),
)
