"""Draw a network: bodies to scale, lines where tensors go, and facts below, all from one forward pass."""

import itertools

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle
from torch import nn

from course_lib.describe import Description, count, describe
from course_lib.errors import CourseError
from course_lib.plots.canvas import COLORS, DPI, INK, MUTED, WIDTH
from course_lib.plots.networks.blocks import KINDS, blocks_of
from course_lib.plots.networks.facts import FACTS, in_words
from course_lib.plots.networks.layout import LINE, MARGIN, TEXT, Scale, lay_out, text_width

FILL = dict(zip(KINDS, ("#b9c0c7", COLORS[0], COLORS[3], COLORS[2], COLORS[1], COLORS[4], "#8a939c", "#ffffff",
                        COLORS[5], "#3d5a80"), strict=True))  # fmt: skip
HEAD, FOOT = 22, 38  # pixels: a network's title, the legend


def diagram(model, input_shape=None, *, groups=None, facts=FACTS, most=26, height=None, width=WIDTH):
    """Draw a network from one forward pass: what is written and how large things are comes from the model alone.

    A body is as high as its maps have rows, as wide as they have channels and as deep as they have frames (in square
    roots; frames as they are). A list of numbers is a thin bar. Lines show where tensors go, and parallel streams run
    below each other until they meet. Large networks are folded along their own modules.

    Args:
        model: an nn.Module, with the shape of its input; or a Description from `describe`; or {title: Description},
            networks below each other with one scale.
        input_shape: as for `describe`. On the meta device, published sizes cost nothing.
        groups: {name: "names of modules"} makes one block of several.
        facts: which facts stand below a block, of FACTS.
        most: fold until there are at most so many blocks.
        height: pixels of the largest body (default: 96, less for several streams or networks). width: inches.
    Returns:
        (fig, ax). `show(fig)` takes its alternative text from the figure; `fig.alt` is that sentence.
    Raises:
        CourseError: if a model comes without the shape of its input, or a group names a module that does not occur.
    """
    if isinstance(model, nn.Module):
        if input_shape is None:
            raise CourseError(
                "diagram got a model alone, expected the shape of its input too, such as (3, 16, 112, 112)."
            )
        model = describe(model, input_shape, repeats=0)
    described = {model.model: model} if isinstance(model, Description) else model
    blocks = {title: blocks_of(d, groups, most) for title, d in described.items()}
    inputs = max(sum(block.kind == "input" for block in list_) for list_ in blocks.values())
    tallest = height or (96.0 if len(blocks) == 1 and inputs < 3 else 50.0)
    scale = Scale.of([block for list_ in blocks.values() for block in list_], tallest)
    pages, top = {}, 4.0
    for title, list_ in blocks.items():
        pages[title] = lay_out(list_, scale, width * DPI, facts, top + HEAD)
        top += HEAD + pages[title].height
    fig = Figure(figsize=(width, (top + FOOT) / DPI), dpi=DPI, facecolor="white")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width * DPI), ylim=(top + FOOT, 0))
    ax.set_axis_off()
    top = 4.0
    for title, page in pages.items():
        cost = described[title]
        ax.text(4, top + 13, title, fontsize=TEXT + 1, weight="bold", color=INK)
        costs = f"{count(cost.parameters)} parameters, {count(cost.multiply_adds)} multiply-adds"
        ax.text(width * DPI - 4, top + 13, costs, fontsize=TEXT, color=MUTED, ha="right")
        _draw(ax, page, width * DPI)
        top += HEAD + page.height
    _legend(ax, [block for list_ in blocks.values() for block in list_], top, has_time=scale.frames > 1)
    fig.alt = " ".join(in_words(described[title], list_) for title, list_ in blocks.items())
    return fig, ax


def parallel(join, **networks):
    """Several networks, each with an input of its own, whose outputs a function puts together.

        parallel(lambda still, moving: (still.softmax(1) + moving.softmax(1)) / 2, frame=spatial, flow=temporal)

    Args:
        join: takes one output per network. networks: nn.Modules, by the names of their inputs.
    Returns:
        nn.Module that takes one input per network, in this order; for `describe` and `diagram`.
    """
    return Parallel(join, networks)


class Parallel(nn.Module):
    """Networks side by side and the function that joins them; see `parallel`."""

    def __init__(self, join, networks):
        super().__init__()
        self.join, self.input_names = join, tuple(networks)
        for name, net in networks.items():
            self.add_module(name, net)

    def forward(self, *inputs):
        """One tensor per network."""
        return self.join(*(net(x) for net, x in zip(self.children(), inputs, strict=True)))


def _draw(ax, page, width):
    ends = {}
    for place in page.places.values():
        ends[place.row] = max(ends.get(place.row, 0), place.right)
    skips = {(id(start), id(end)): y for start, end, y in page.skips}
    marks = {}  # letters at a place, where a skip goes to another row of the page
    letters = (letter * times for times in itertools.count(1) for letter in "abcdefghijklmnopqrstuvwxyz")
    for block, place in page.places.items():
        for source in block.inputs:
            start = page.places[source]
            if (id(start), id(place)) in skips:
                y = skips[id(start), id(place)]
                if y is None:
                    letter = next(letters)
                    for end in (start, place):
                        marks.setdefault(id(end), (end, []))[1].append(letter)
                else:
                    _skip(ax, start, place, y)
            elif start.row != place.row:
                _turn(ax, start, place, width)
            else:
                _line(ax, start, place)
    for place, several in marks.values():
        y = place.y - place.tall / 2 - (3 if not place.title else 12)  # above the title
        ax.text(place.x + 4, y, f"({', '.join(several)})", fontsize=TEXT, color=INK)
    for block, place in page.places.items():
        _body(ax, block, place)
        if place.title:
            ax.text(place.left, place.y - place.tall / 2 - 4, place.title, fontsize=TEXT, color=INK, style="italic")
    for y, places, names in page.tables:
        for place in places:
            said = place.facts if names is None else {name: place.facts.get(name, "") for name in names}
            for i, (name, fact) in enumerate(said.items()):
                if names is None and name in ("channels C", "frames T"):
                    fact = f"{name[-1]} = {fact}"
                look = {"weight": "bold"} if name == "name" else {"color": MUTED} if name == "parameters" else {}
                ax.text(place.x, y + LINE * (i + 1), fact, ha="center", fontsize=TEXT, **{"color": INK, **look})
        for i, name in enumerate(names or ()):
            if name != "name":
                ax.text(4, y + LINE * (i + 1), name, fontsize=TEXT - 1, color=MUTED)


def _body(ax, block, place):
    if block.kind == "join":
        look = {"boxstyle": "round,pad=0,rounding_size=8", "fc": "white", "ec": INK, "lw": 1.2, "zorder": 4}
        ax.add_patch(FancyBboxPatch((place.x - place.width / 2, place.y - 8), place.width, 16, **look))
        ax.text(place.x, place.y, block.name, fontsize=TEXT, color=INK, ha="center", va="center_baseline", zorder=5)
        return
    frames = block.size[1] * (block.copies if block.size[1] == 1 else 1)
    _cuboid(ax, place.left, place.y, place.width, place.height, place.depth, FILL[block.kind], frames)
    if place.pool:
        left = place.left + place.width + 0.7 * max(place.depth - place.pool[2], 0) + 2
        _cuboid(ax, left, place.y, *place.pool, FILL["pool"], block.pool.size[1])


def _cuboid(ax, left, middle, width, height, depth, color, frames):
    """A box with the front in full colour, and its depth behind it, one line per frame."""
    over, up = 0.7 * depth, 0.5 * depth
    top, bottom = middle - height / 2 + up / 2, middle + height / 2 + up / 2
    right = left + width
    edge = {"ec": INK, "lw": 0.6, "joinstyle": "round", "zorder": 3}
    ax.add_patch(Polygon([(left, top), (right, top), (right, bottom), (left, bottom)], fc=color, **edge))
    if not depth:
        return
    corners = [(left, top), (left + over, top - up), (right + over, top - up), (right, top)]
    ax.add_patch(Polygon(corners, fc=_mix(color, "#ffffff", 0.45), **edge))
    corners = [(right, top), (right + over, top - up), (right + over, bottom - up), (right, bottom)]
    ax.add_patch(Polygon(corners, fc=_mix(color, "#000000", 0.25), **edge))
    if over / frames >= 1.5:  # pixels; closer lines would run into each other
        for i in range(1, frames):
            x, y = over * i / frames, up * i / frames
            look = {"color": "white", "lw": 0.5, "snap": False, "zorder": 3.1}
            ax.plot([left + x, right + x, right + x], [top - y, top - y, bottom - y], **look)


def _mix(color, other, share):
    one, two = (tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in (color, other))
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in zip(one, two, strict=True))


def _arrow(ax, x, y):
    """A line through these points, with its head at the last."""
    ax.plot(x[:-1], y[:-1], color=MUTED, lw=1.1, zorder=2, solid_joinstyle="round")
    head = {"arrowstyle": "-|>,head_width=0.16,head_length=0.3", "color": MUTED, "lw": 1.1, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (x[-1], y[-1]), (x[-2], y[-2]), zorder=2.5, arrowprops=head)


def _line(ax, start, end):
    turn = min(end.slot - 6, end.left - 8)
    if start.y == end.y:
        _arrow(ax, [start.right, end.left - 1], [start.y, end.y])
    else:
        _arrow(ax, [start.right, turn, turn, end.left - 1], [start.y, start.y, end.y, end.y])


def _skip(ax, start, end, y):
    top = end.y - end.tall / 2
    begin, finish = start.x + 4, end.x - 4  # a sum may be the end of one and the start of the next
    _arrow(ax, [begin, begin, finish, finish], [start.y - start.tall / 2, y, y, top - 1])


def _turn(ax, start, end, width):
    """The end of a row, and the beginning of the next."""
    _arrow(ax, [start.right, min(start.right + 14, width - 2)], [start.y, start.y])
    _arrow(ax, [max(end.left - 16, MARGIN - 14), end.left - 1], [end.y, end.y])


def _legend(ax, blocks, top, has_time):
    deep = "; depth: frames" if has_time else ""
    text = f"Height of a body: rows, width: channels (their square roots){deep}. All to one scale."
    ax.text(4, top + 12, text, fontsize=TEXT, color=MUTED)
    kinds = {block.kind for block in blocks} | {"pool" for block in blocks if block.pool}
    x, y = 4.0, top + 20
    for kind in KINDS:
        if kind in kinds - {"join"}:  # a join carries its name
            ax.add_patch(Rectangle((x, y), 10, 10, fc=FILL[kind], ec=INK, lw=0.6))
            ax.text(x + 14, y + 9, kind, fontsize=TEXT, color=INK)
            x += 30 + text_width(kind)
