"""Forbidden shortcuts are found whatever they are called, and nothing innocent is."""

import dataclasses

import pytest
import torch
from cells import cell

from course_lib.exercises import find
from course_lib.exercises.reach import reach
from course_lib.exercises.rule import broken_rule
from course_lib.exercises.shortcuts import find_shortcut

FORBIDDEN = ("torch.nn.functional.conv3d",)
HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n"

USES = {
    "alias": "def f(x, w):\n    return F.conv3d(x, w)",
    "full name": "def f(x, w):\n    return torch.nn.functional.conv3d(x, w)",
    "torch's own": "def f(x, w):\n    return torch.conv3d(x, w)",
    "renamed import": "from torch.nn.functional import conv3d as c\ndef f(x, w):\n    return c(x, w)",
    "import inside": "def f(x, w):\n    from torch.nn.functional import conv3d as c\n    return c(x, w)",
    "module inside": "def f(x, w):\n    import torch.nn.functional as G\n    return G.conv3d(x, w)",
    "layer": "def f(x, w):\n    layer = nn.Conv3d(1, 1, 3)\n    return layer(x)",
    "lazy layer": "def f(x, w):\n    return nn.LazyConv3d(1, 3)(x)",
    "layer made outside": "layer = nn.Conv3d(1, 1, 3)\ndef f(x, w):\n    return layer(x)",
    "layer in a sequence": "net = nn.Sequential(nn.Conv3d(1, 1, 3))\ndef f(x, w):\n    return net(x)",
    "operator": "def f(x, w):\n    return torch.ops.aten.conv3d(x, w)",
    "operator's overload": "def f(x, w):\n    return torch.ops.aten.conv3d.default(x, w)",
    "general convolution": "def f(x, w):\n    return torch.convolution(x, w, None, [1], [0], [1], False, [0], 1)",
    "getattr": "def f(x, w):\n    return getattr(F, 'conv3d')(x, w)",
    "getattr by variable": "def f(x, w):\n    name = 'conv3d'\n    return getattr(F, name)(x, w)",
    "dictionary": "def f(x, w):\n    return F.__dict__['conv3d'](x, w)",
    "vars": "def f(x, w):\n    return vars(F)['conv3d'](x, w)",
    "__import__": "def f(x, w):\n    return __import__('torch').conv3d(x, w)",
    "local module name": "def f(x, w):\n    functional = torch.nn.functional\n    return functional.conv3d(x, w)",
    "global name": "trick = F.conv3d\ndef f(x, w):\n    return trick(x, w)",
    "helper": "def helper(x, w):\n    return F.conv3d(x, w)\ndef f(x, w):\n    return helper(x, w)",
    "helper's helper": (
        "def a(x, w):\n    return F.conv3d(x, w)\ndef b(x, w):\n    return a(x, w)\ndef f(x, w):\n    return b(x, w)"
    ),
    "helper class": (
        "class H(nn.Module):\n    def forward(self, x, w):\n        return F.conv3d(x, w)\n"
        "def f(x, w):\n    return H()(x, w)"
    ),
    "inner function": "def f(x, w):\n    def g():\n        return F.conv3d(x, w)\n    return g()",
    "closure": "def make():\n    c = F.conv3d\n    def g(x, w):\n        return c(x, w)\n    return g\nf = make()",
    "itself": "f = F.conv3d",
    "partial": "import functools\nf = functools.partial(F.conv3d, stride=1)",
    "lambda": "f = lambda x, w: F.conv3d(x, w)",
    "decorated": "@torch.no_grad()\ndef f(x, w):\n    return F.conv3d(x, w)",
    "class": "class f(nn.Module):\n    def __init__(self):\n        self.c = nn.Conv3d(1, 1, 3)",
    "subclass": "class f(nn.Conv3d):\n    pass",
    "static method": "class f:\n    @staticmethod\n    def g(x, w):\n        return F.conv3d(x, w)",
}


@pytest.mark.parametrize("way", USES)
def test_use_is_found(way):
    shortcut, _ = find_shortcut(cell(HEAD + USES[way], "f"), FORBIDDEN)
    assert shortcut is not None
    assert "conv" in shortcut.name.lower()


NAMES = {
    "alias": "F.conv3d",
    "full name": "torch.nn.functional.conv3d",
    "torch's own": "torch.conv3d",
    "renamed import": "torch.nn.functional.conv3d",
    "layer": "nn.Conv3d",
    "layer made outside": "torch.nn.Conv3d",
    "global name": "torch.nn.functional.conv3d",
    "itself": "torch.nn.functional.conv3d",
}


@pytest.mark.parametrize("way", NAMES)
def test_the_name_is_the_learners_or_else_the_public_one(way):
    """Not _VariableFunctionsClass.conv3d: nobody has typed that, and no page explains it."""
    assert find_shortcut(cell(HEAD + USES[way], "f"), FORBIDDEN)[0].name == NAMES[way]


def test_the_name_of_a_function_of_linear_algebra_is_the_public_one():
    code = HEAD + "solve = torch.linalg.lstsq\ndef f(a, b):\n    return solve(a, b)"
    assert find_shortcut(cell(code, "f"), ("torch.linalg.lstsq",))[0].name == "torch.linalg.lstsq"


INNOCENT = {
    "loops": "def f(x, w):\n    '''Like F.conv3d, by hand.'''\n    return (x.unfold(2, 3, 1) * w).sum()",
    "another convolution": "def f(x, w):\n    return F.conv2d(x, w)",
    "a parameter of that name": "def f(conv3d, w):\n    return conv3d * w",
    "a variable of that name": "def f(x, w):\n    conv3d = x * w\n    return conv3d",
    "recursion": "def f(x, w):\n    return x if w is None else f(x, None)",
    "one's own function of that name": "def conv3d(x, w):\n    return x * w\ndef f(x, w):\n    return conv3d(x, w)",
    "an attribute": "class f(nn.Module):\n    def forward(self, x):\n        return self.conv3d(x)",
    "a string": "def f(x, w):\n    raise ValueError('conv3d')",
}


@pytest.mark.parametrize("way", INNOCENT)
def test_innocent_is_left_alone(way):
    assert find_shortcut(cell(HEAD + INNOCENT[way], "f"), FORBIDDEN) == (None, False)


def test_the_line_is_named():
    code = "def f(x, w):\n    y = x + 1\n    return F.conv3d(y, w)"
    shortcut, _ = find_shortcut(cell(HEAD + code, "f"), FORBIDDEN)
    assert shortcut.line == (7, "return F.conv3d(y, w)")


def test_methods_of_tensors_count():
    for use in ("x.mean()", "torch.mean(x)", "(x + 1).mean(0)"):
        code = f"def f(x):\n    return {use}"
        assert find_shortcut(cell(HEAD + code, "f"), ("torch.mean",))[0].name.endswith("mean")


def test_the_courses_own_answer_is_forbidden():
    from course_lib.errors import check_shape

    code = "from course_lib.errors import check_shape as mine\ndef f(x):\n    return mine(x, 'B')"
    assert find_shortcut(cell(code, "f"), (), own=(check_shape,))[0].name == "check_shape"


OURS = tuple(f"course_lib.models.two_stream_fusion.{name}" for name in ("Max", "bilinear", "FUSIONS"))
FUSION = HEAD + "import course_lib.models.two_stream_fusion as fusion\n"
OUR_USES = {
    "module": "def fuse(a, b):\n    return fusion.Max()(a, b)",
    "import": "from course_lib.models.two_stream_fusion import Max\ndef fuse(a, b):\n    return Max()(a, b)",
    "renamed": "from course_lib.models.two_stream_fusion import Max as M\ndef fuse(a, b):\n    return M()(a, b)",
    "inside": "def fuse(a, b):\n    from course_lib.models.two_stream_fusion import Max\n    return Max()(a, b)",
    "table": "def fuse(a, b):\n    return fusion.FUSIONS['max']()(a, b)",
    "getattr": "def fuse(a, b):\n    return getattr(fusion, 'bilinear')(a, b)",
    "alias": "def fuse(a, b):\n    m = fusion\n    return m.bilinear(a, b)",
}
OTHERS = {
    "torch.max": "def fuse(a, b):\n    return torch.max(a, b)",
    "method": "def fuse(a, b):\n    return a.max(b)",
    "pool": "def fuse(a, b):\n    return nn.Bilinear(4, 4, 2)(a, b)",
    "functional": "def fuse(a, b):\n    return F.bilinear(a, b, torch.ones(1, 2, 2))",
    "import": "from torch.nn.functional import bilinear\ndef fuse(a, b):\n    return bilinear(a, b, None)",
    "one's own": "def bilinear(a, b):\n    return a @ b\ndef fuse(a, b):\n    return bilinear(a, b)",
    "an attribute": "class fuse(nn.Module):\n    def forward(self, a):\n        return self.bilinear(a)",
}


def judged(code):
    """What is said of an answer: by `find_shortcut`, by it where the source cannot be read, and by the rule."""
    exercise, compiled = dataclasses.replace(find("09.1"), forbidden=OURS), {"__name__": "hidden"}
    answer = cell(FUSION + code, "fuse")
    exec(FUSION + code, compiled)
    broken = broken_rule(reach("fuse", [FUSION + code]), exercise)
    return find_shortcut(answer, OURS)[0], find_shortcut(compiled["fuse"], OURS)[0], broken


@pytest.mark.parametrize("way", OUR_USES)
def test_what_belongs_to_the_course_is_found(way):
    read, compiled, broken = judged(OUR_USES[way])
    assert read is not None and (compiled is not None or way in ("alias", "getattr")) and "is to do without" in broken


@pytest.mark.parametrize("way", OTHERS)
def test_what_a_library_calls_like_something_of_the_course_is_free(way):
    assert judged(OTHERS[way]) == (None, None, None)


def test_asking_the_registry_for_the_answer_is_found():
    code = "from course_lib.exercises import find\ndef f(x):\n    return find('00.1').reference(x)"
    assert find_shortcut(cell(code, "f"), ())[0].name == "find"


def test_source_that_cannot_be_read_is_said_and_names_are_still_searched():
    namespace = {"F": torch.nn.functional}
    exec("def f(x, w):\n    return F.conv3d(x, w)\ndef g(x, w):\n    return x", namespace)
    assert find_shortcut(namespace["f"], FORBIDDEN)[0].name == "conv3d"
    assert find_shortcut(namespace["g"], FORBIDDEN) == (None, True)


def test_a_name_that_torch_does_not_have_is_no_trouble():
    loops = cell(HEAD + INNOCENT["loops"], "f")
    assert find_shortcut(loops, ("torch.nn.functional.conv9d", "nowhere.at.all")) == (None, False)
