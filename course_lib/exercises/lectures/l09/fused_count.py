"""09.4: parameters by layer of fusion."""

from course_lib.exercises import Case, edit, exercise

from .._draw import draw

SOLUTION = """
def fused_count(layers, cut, how):
    def cost(inputs, outputs, kernel):
        return inputs * outputs * kernel**2 + outputs

    total = sum(cost(*layer) for layer in layers)
    total += sum(cost(*layer) for layer in layers[:cut])
    width = layers[cut - 1][1]
    if how == "concatenation":
        total += width * layers[cut][1] * layers[cut][2] ** 2
    if how == "convolution":
        total += cost(2 * width, width, 1)
    return total
"""

ALL, BELOW = "sum(cost(*layer) for layer in layers)", "sum(cost(*layer) for layer in layers[:cut])"
WIDER, FUSING = "width * layers[cut][1] * layers[cut][2] ** 2", "cost(2 * width, width, 1)"
CNN_M = (
    (20, 96, 7), (96, 256, 5), (256, 512, 3), (512, 512, 3), (512, 512, 3), (512, 4096, 6), (4096, 2048, 1),
    (2048, 101, 1),
)  # fmt: skip


def _cases(generator):
    widths = [draw(generator, 3, 9) * (i + 1) + i for i in range(6)]
    kernels = [draw(generator, 1, 7) for _ in range(5)]
    drawn = tuple(zip(widths, widths[1:], kernels, strict=False))
    return [
        Case("CNN-M behind ReLU5, sum", (CNN_M, 5, "sum")),
        Case("CNN-M behind ReLU5, concatenation", (CNN_M, 5, "concatenation")),
        Case("CNN-M behind ReLU5, convolution", (CNN_M, 5, "convolution")),
        Case("CNN-M behind ReLU2, concatenation", (CNN_M, 2, "concatenation")),
        Case("CNN-M behind ReLU2, convolution", (CNN_M, 2, "convolution")),
        Case("another tower behind its first layer, max", (drawn, 1, "max")),
        Case("another tower behind its third layer, concatenation", (drawn, 3, "concatenation")),
        Case("another tower behind its fourth layer, convolution", (drawn, 4, "convolution")),
    ]


fused_count = exercise(
    "09.4",
    "What a place of fusion costs",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("the layers below the fusion are there twice, one set per tower", {BELOW: "0"}),
        edit("all layers are counted twice: above the fusion there is one tower", {BELOW: ALL}),
        edit("the layers *above* are counted twice: two towers stand below the fusion", {"[:cut]": "[cut:]"}),
        edit(
            "one layer too many is counted twice: the fusion comes behind the first `cut` layers",
            {"[:cut]": "[: cut + 1]"},
        ),
        edit(
            "one layer too few is counted twice: the fusion comes behind the first `cut` layers",
            {"[:cut]": "[: cut - 1]"},
        ),
        edit("the layers above the fusion are missing: they are there once", {ALL: BELOW}),
        edit(
            "the first layer above the fusion is missing: what concatenation adds comes on top of it",
            {ALL: f"{ALL} - cost(*layers[cut])"},
        ),
        edit("concatenation adds no parameter here: the layer above has twice the inputs", {WIDER: "0"}),
        edit("the fusing convolution is missing", {FUSING: "0"}),
        edit(
            "the whole layer above is there twice: only its inputs double, its biases do not",
            {WIDER: f"{WIDER} + layers[cut][1]"},
        ),
        edit(
            "the wider layer was added, and the plain one is still there: concatenation adds as many weights as that "
            "layer has",
            {WIDER: "cost(2 * width, layers[cut][1], layers[cut][2])"},
        ),
        edit(
            "concatenation adds twice too much: the plain layer is counted already, so its weights come once more",
            {WIDER: f"2 * {WIDER}"},
        ),
        edit("concatenation doubles the inputs of one layer, not the whole network", {WIDER: "total"}),
        edit(
            "concatenation: it is the layer *above* the fusion that reads more, not the last one below",
            {WIDER: "layers[cut - 1][0] * layers[cut - 1][1] * layers[cut - 1][2] ** 2"},
        ),
        edit("the kernel of the layer above the concatenation is missing", {WIDER: "width * layers[cut][1]"}),
        edit(
            "the fusing convolution reads 2 D channels: this is D x D, which is what the paper's tables count",
            {FUSING: "cost(width, width, 1)"},
        ),
        edit("the fusing convolution writes D channels, not 2 D", {FUSING: "cost(2 * width, 2 * width, 1)"}),
        edit("the fusing convolution has one bias per output", {FUSING: "2 * width * width"}),
        edit("the fusing convolution is 1 x 1 here", {FUSING: "cost(2 * width, width, 3)"}),
        edit("the biases are missing: one per output of a layer", {" + outputs": ""}),
        edit("a layer has one bias per output, not per input", {" + outputs": " + inputs"}),
        edit(
            "there is a bias for each place of the kernel: one per output of a layer",
            {"kernel**2 + outputs": "kernel**2 + outputs * kernel**2"},
        ),
        edit("the kernels are squares: kernel times kernel weights per pair of channels", {"kernel**2": "kernel"}),
        edit(
            "the width of the maps is the number of outputs of the last layer below",
            {"layers[cut - 1][1]": "layers[cut - 1][0]"},
        ),
        edit(
            "the width of the maps is the number of outputs of the last layer *below*, layers[cut - 1]",
            {"layers[cut - 1][1]": "layers[cut][1]"},
        ),
    ),
    hints=(
        "Below the fusion everything is there twice, above it once. Then two things are special: concatenation makes "
        "the next layer read twice the channels, and the fusing convolution is a layer of its own.",
        "`layers[:cut]` are those below. D is the number of outputs of `layers[cut - 1]`. Twice the inputs means as "
        "many weights again as the layer has, but no more biases.",
        "`total = sum(all) + sum(____)`; concatenation adds `width * layers[cut][1] * ____ ** 2`; convolution adds the "
        "cost of a layer from `____` to `width` channels with kernel 1.",
    ),
)
