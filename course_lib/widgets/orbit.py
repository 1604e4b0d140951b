"""A thing in space to walk around: points, meshes or voxels, and a list to choose from where there are several."""

from course_lib.errors import CourseError
from course_lib.plots.space import draw_mesh, draw_points, draw_voxels
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

SIDE = 420  # pixels of the picture
DRAW = {"points": draw_points, "mesh": draw_mesh, "voxels": draw_voxels}


class Orbit(Explorer):
    """Turn things about and look at them from above.

    Args:
        things: {name: (kind, arguments, options)}: kind is "points", "mesh" or "voxels"; arguments and options are
            those of `draw_points`, `draw_mesh` or `draw_voxels`; options may be left out.
            Example: {"chair": ("mesh", (vertices, faces)), "its points": ("points", (points,), {"radius": 3})}.
        question: shown above.
        turn, above: degrees to begin with.
    Raises:
        CourseError: if there is nothing to show, or a kind is unknown.
    """

    def __init__(self, things, question="What does it look like from the other side?", turn=30, above=20):
        kinds = {kind for kind, *_ in things.values()}
        if not things or kinds - set(DRAW):
            raise CourseError(f"things are of kinds {sorted(kinds)}, expected at least one, of {', '.join(DRAW)}.")
        self.question, self._things = question, things
        controls = {
            "turn": slider("turn (degrees)", turn, -180, 180),
            "above": slider("from above (degrees)", above, -89, 89),
        }
        if len(things) > 1:
            controls = {"thing": choice("show", list(things), next(iter(things)), width="22em"), **controls}
        super().__init__(controls)

    def _shown(self):
        name = self.controls["thing"].value if "thing" in self.controls else next(iter(self._things))
        kind, arguments, *options = self._things[name]
        return name, kind, arguments, options[0] if options else {}

    def caption(self):
        name, kind, arguments, _ = self._shown()
        if kind == "mesh":
            what = f"a mesh of {len(arguments[0])} vertices and {len(arguments[1])} faces"
        elif kind == "points":
            what = f"{len(arguments[0])} points"
        else:
            what = f"{int((arguments[0] > 0).sum())} filled voxels of {' x '.join(map(str, arguments[0].shape))}"
        turn, above = self.controls["turn"].value, self.controls["above"].value
        side = "from the front" if turn == 0 else f"turned by {turn} degrees"
        return f"{name}: {what}, {side}, seen from {abs(above)} degrees {'below' if above < 0 else 'above'}."

    def draw(self):
        _, kind, arguments, options = self._shown()
        view = {"turn": self.controls["turn"].value, "above": self.controls["above"].value, "size": 2 * SIDE}
        sheet = Sheet(SIDE, SIDE)
        if kind == "points":
            options = {"radius": 4.0, **options}
        sheet.picture(0, 0, SIDE, SIDE, DRAW[kind](*arguments, **view, **options))
        return sheet.pixels()
