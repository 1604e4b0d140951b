"""Where the blocks of a network stand: columns by depth, lanes for parallel streams, rows where the page ends.

Everything is in pixels, x to the right and y down.
"""

import functools
from collections import Counter
from dataclasses import dataclass, field

from matplotlib.font_manager import FontProperties, findfont, get_font

from course_lib.plots.canvas import DPI
from course_lib.plots.networks.facts import FACTS, facts_of

TEXT = 9  # points: 10 pixels
LINE = 12.5  # from one line of text to the next
GAP = 12  # between two columns
MARGIN = 62  # left, for the names of the facts
ARC = 8  # between two skip connections one above the other
BETWEEN = 14  # below a lane or a row


@dataclass
class Scale:
    """How long a size is drawn: square roots, so that 224 rows and 7 rows both have room. The largest fills it."""

    tallest: float
    rows: int = 1
    channels: int = 1
    frames: int = 1
    numbers: int = 1
    widest: float = 38.0
    deepest: float = 36.0

    @classmethod
    def of(cls, blocks, tallest):
        scale = cls(tallest)
        for block in blocks:
            for body in (block, block.pool):
                if body:
                    channels, frames, rows, columns = body.size
                    if rows is None:
                        scale.numbers = max(scale.numbers, channels)
                    else:
                        scale.rows, scale.channels = max(scale.rows, rows, columns), max(scale.channels, channels)
                    scale.frames = max(scale.frames, frames * (block.copies if frames == 1 else 1))
        return scale

    def body(self, block):
        """(width, height, depth) in pixels."""
        channels, frames, rows, columns = block.size
        frames = frames * (block.copies if frames == 1 else 1)
        depth = max(self.deepest * frames / self.frames, 2.0) if self.frames > 1 else 3.0
        if rows is None:
            return 7.0, max(8.0, 0.8 * self.tallest * (channels / self.numbers) ** 0.5), depth if frames > 1 else 0.0
        height = max(3.0, self.tallest * (max(rows, columns) / self.rows) ** 0.5)
        return 3 + self.widest * (channels / self.channels) ** 0.5, height, depth


@dataclass(eq=False)
class Place:
    """A block on the page: row of the page, column, lane; (x, y) is the middle of its body."""

    block: object
    column: int
    lane: int
    row: int = 0
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    depth: float = 0.0
    pool: tuple | None = None  # (width, height, depth) of the pool beside it
    slot: float = 0.0  # where its column begins
    facts: dict = field(default_factory=dict)
    title: str = ""  # above the body

    @property
    def left(self):
        return self.x - self.whole / 2

    @property
    def right(self):
        return self.x + self.whole / 2

    @property
    def whole(self):
        """Width of body and pool, with what their depth adds."""
        pool = 2 + self.pool[0] + 0.7 * (self.pool[2] - self.depth) if self.pool else 0
        return self.width + 0.7 * self.depth + max(pool, 0)

    @property
    def tall(self):
        """Height of body and pool, with what their depth adds."""
        return max(self.height + 0.5 * self.depth, self.pool[1] + 0.5 * self.pool[2] if self.pool else 0)


@dataclass
class Page:
    """All places of a network, the facts of each lane, and the height it takes."""

    places: dict
    tables: list  # (y above its first line, places, names of the facts; None: each says its own)
    skips: list  # (from, to, y) that run above the blocks between them; y is None if they end in another row
    height: float = 0.0


@functools.cache
def text_width(text, size=TEXT, bold=False):
    """Pixels."""
    font = get_font(findfont(FontProperties(weight="bold" if bold else "normal")))
    font.set_size(size, DPI)
    font.set_text(text)
    return font.get_width_height()[0] / 64  # FreeType counts in 64ths of a pixel


def lay_out(blocks, scale, width, facts=FACTS, top=0.0):
    """Place the blocks on a page of this width.

    Args:
        blocks: list of Block. scale: Scale, which several networks may share. width: pixels.
        facts: which facts stand below the blocks, of FACTS. top: y where this network begins.
    Returns:
        Page.
    """
    columns = _columns(blocks)
    lanes = _lanes(blocks, columns)
    has_time = any(block.size[1] > 1 or block.copies > 1 for block in blocks)
    places = {}
    for block in blocks:
        place = Place(block, columns[block], lanes[block], facts=facts_of(block, facts, has_time))
        place.width, place.height, place.depth = scale.body(block)
        place.pool = block.pool and (4.0, *scale.body(block.pool)[1:])
        if block.kind == "join":
            place.width = max(16.0, text_width(block.name) + 8) if len(block.name) > 1 else 16.0
            place.height, place.depth = 16.0, 0.0
        places[block] = place
    _add_titles(places)
    _x_positions(places, width)
    page = Page(places, [], _skips(places))
    _y_positions(page, scale, top, facts)
    return page


def _columns(blocks):
    """Longest way from an input; what has no input itself stands right before the first that reads it."""
    columns = {}
    for block in blocks:
        columns[block] = 1 + max((columns[source] for source in block.inputs), default=-1)
    for block in reversed(blocks):
        if block.kind == "input":
            readers = [columns[other] for other in blocks if block in other.inputs]
            columns[block] = min(readers) - 1 if readers else columns[block]
    return columns


def _lanes(blocks, columns):
    """A block goes on in the lane of an input that nothing has gone on from yet; otherwise it opens a lane."""
    lanes, tips, ends = {}, {}, {}  # tips: lane -> block at its end; ends: lane -> last column in use
    for block in blocks:
        mine = [lane for lane, tip in tips.items() if tip in block.inputs]
        if mine:
            lane = min(mine)
            for other in mine:
                if all(columns[reader] <= columns[block] for reader in blocks if tips[other] in reader.inputs):
                    ends[other] = columns[block]
                    del tips[other]
        else:
            start = min((columns[source] for source in block.inputs), default=-1)
            free = [lane for lane in ends if lane not in tips and ends[lane] <= start + 1]
            lane = min(free, default=len(ends))
        lanes[block], tips[lane], ends[lane] = lane, block, columns[block]
    return lanes


def _add_titles(places):
    """Names of inputs, and of the module that a stream belongs to where there are several."""
    several = len({place.lane for place in places.values()}) > 1
    if not several:
        for block, place in places.items():
            place.facts.setdefault("name", block.name if block.kind in ("input", "resize") else "")
        return
    named = _forks_once(places) and not any(block.frame for block in places)
    for block, place in places.items():
        if block.kind in ("input", "resize") and not block.held:
            place.title = block.frame or block.name
        elif named and len(block.within) > 1:
            owner = block.within[1][0]
            before = {source.within[1][0] for source in block.inputs if len(source.within) > 1}
            before |= {source.name for source in block.inputs}
            if owner not in before and owner != block.path and not owner.isdigit():
                place.title = owner + (", the same weights" if block.shared else "")


def _x_positions(places, width):
    """Columns from left to right, and on to the next row where the page ends, the rows about equally full."""
    last = max(place.column for place in places.values())
    wide = [0.0] * (last + 1)
    for place in places.values():
        texts = [text_width(text, bold=name == "name") for name, text in place.facts.items()]
        wide[place.column] = max(wide[place.column], place.whole, *texts)
    room = width - MARGIN - 4
    rows, used = [[]], 0.0
    for column in range(last + 1):
        if rows[-1] and used + wide[column] + GAP > room:
            rows.append([])
            used = 0.0
        rows[-1].append(column)
        used += wide[column] + GAP
    if len(rows) > 1:
        rows = _even(wide, len(rows), room) or rows
    gap = {}
    for row in rows:
        free = room - sum(wide[column] + GAP for column in row)
        gap[id(row)] = GAP + min(free / len(row), 24.0)
    for number, row in enumerate(rows):
        x = MARGIN + 4.0
        for column in row:
            for place in places.values():
                if place.column == column:
                    place.row, place.slot, place.x = number, x, x + wide[column] / 2
            x += wide[column] + gap[id(row)]


def _even(wide, count, room):
    """Split the columns into `count` rows, none much fuller than the others; None if one would not fit."""
    total, rows, used = sum(wide) + GAP * len(wide), [[]], 0.0
    for column, w in enumerate(wide):
        if rows[-1] and len(rows) < count and used + (w + GAP) / 2 > total / count * len(rows):
            rows.append([])
        rows[-1].append(column)
        used += w + GAP
    return rows if all(sum(wide[c] + GAP for c in row) <= room for row in rows) else None


def _skips(places):
    """Connections in whose way another block stands: (from, to)."""
    skips = []
    for block, place in places.items():
        for source in block.inputs:
            start = places[source]
            between = any(
                start.column < other.column < place.column and other.lane in (start.lane,) for other in places.values()
            )
            if between or start.row != place.row and place.column - start.column > 1:
                skips.append((start, place))
    return skips


def _y_positions(page, scale, top, facts):
    """Rows of the page and their lanes from top to bottom: titles, skip connections, bodies, facts."""
    y, skips, parallel = top, [], _forks_once(page.places)
    for row in sorted({place.row for place in page.places.values()}):
        here = [place for place in page.places.values() if place.row == row]
        names = [name for name in facts if any(place.facts.get(name) for place in here)]
        table_height = LINE * len(names) + BETWEEN
        shared_table = _same_facts(here)
        lanes = {lane: [place for place in here if place.lane == lane] for lane in sorted({p.lane for p in here})}
        middle = {}
        for lane, mine in lanes.items():
            levels = _arc_levels([skip for skip in page.skips if skip[0] in mine and skip[1].row == row])
            skips += [(*skip, y + 4 + ARC * (max(levels.values()) - level)) for skip, level in levels.items()]
            y += ARC * max(levels.values()) + 4 if levels else 0
            y += LINE + 4 if any(place.title for place in mine) else 0
            tall = max(place.tall for place in mine)
            middle[lane] = y + tall / 2
            y += tall + (8 if shared_table else 4 + table_height)
        y += (table_height if shared_table else 0) + 6
        for place in here:
            place.y = middle[place.lane]
        centred = _centre(here, middle) if parallel else []
        if shared_table:
            columns = {place.column: place for place in reversed(here)}
            page.tables.append((y - table_height - 6, [columns[c] for c in sorted(columns)], names))
        else:
            for lane, mine in lanes.items():
                below = middle[lane] + max(place.tall for place in mine) / 2 + 4
                page.tables.append((below, [place for place in mine if place not in centred], names))
            for place in centred:
                page.tables.append((place.y + place.tall / 2 + 4, [place], None))
    page.skips = skips + [(*skip, None) for skip in page.skips if skip[0].row != skip[1].row]
    page.height = y - top


def _forks_once(places):
    """Whether all parallel streams stand in one stretch of columns: then what is around them can be centred."""
    counts = Counter(place.column for place in places.values())
    several = [counts[column] > 1 for column in sorted(counts)]
    return sum(now and not before for before, now in zip([False, *several], several, strict=False)) == 1


def _same_facts(places):
    """Whether blocks of one column say the same in all lanes, so that one table below serves all."""

    def said(place):
        return {name: fact for name, fact in place.facts.items() if name != "parameters" or not place.block.shared}

    columns = {}
    for place in places:
        if place.block.kind != "join":
            columns.setdefault(place.column, []).append(place)
    return all(
        said(place).items() <= column[0].facts.items() and (place.block.shared or said(place) == column[0].facts)
        for column in columns.values()
        for place in column
    )


def _centre(places, middle):
    """What comes before all streams part, or after they have met, stands in the middle between them. Returns it."""
    columns = {}
    for place in places:
        columns.setdefault(place.column, []).append(place)
    forked = [column for column, members in columns.items() if len(members) > 1]
    if not forked:
        return []
    outside = [m for column, members in columns.items() for m in members if not min(forked) <= column <= max(forked)]
    for place in outside:
        place.y = (min(middle.values()) + max(middle.values())) / 2
    return outside


def _arc_levels(skips):
    """Nested skip connections stand above each other: {(from, to): 1, 2, ...}."""
    levels = {}
    for start, end in sorted(skips, key=lambda skip: skip[1].column - skip[0].column):
        below = [level for (a, b), level in levels.items() if a.column < end.column and start.column < b.column]
        levels[start, end] = 1 + max(below, default=0)
    return levels
