"""Find the submissions in what a learning platform gives: folders, zip files, the names of Moodle and Canvas.

Whose a notebook is, the platform says, in the outermost part of a path: what lies further in was named by a learner,
who could write another's name. Nobody is passed over: who handed in something, and no notebook, is found as well.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading.submission import contents
from course_lib.grading.unpack import NUMBER, PLATFORMS, LeftOut, cut, files_in, platform, stem, wrapping

MOST_REMARKS = 5  # on one learner
MOST_REASONS = 3  # in one sentence
_COPY = re.compile(r"^(copy of|kopie von|copie de)\s*", re.IGNORECASE)  # as Colab names what it saves


@dataclass(frozen=True)
class Found:
    """What one learner handed in for one lecture.

    student: as the folder or the file name has it.
    id: the platform's number for the student, where the name has one.
    lecture: "02".
    path: the notebook.
    inside: the folder that it may not lead out of.
    problem: why there is no notebook, in a sentence for the learner; else None.
    """

    student: str
    id: str
    lecture: str
    path: Path
    inside: Path
    problem: str | None = None


def collect(place, lectures, scratch, others=()):
    """Find submissions.

    Args:
        place: a folder, a zip file or one notebook.
        lectures: names of the known lectures, "02_convolutions_in_time".
        scratch: an empty folder; zip files are unpacked there.
        others: names of lectures whose notebooks are to be left alone.
    Returns:
        (list of Found, one per student and lecture, in order; list of remarks on what was left out).
    Raises:
        CourseError: there is no such place, it cannot be read, or there is no room to unpack its zip files.
    """
    place, scratch = Path(place), Path(scratch)
    if not place.exists():
        raise CourseError(f"There is no {place}: expected a folder with submissions, a zip file or a notebook.")
    left = LeftOut()
    hits = [(path, tuple(shown.split("/")), inside) for path, shown, inside in files_in(place, scratch, left)]
    outer = _outer([parts for _, parts, _ in hits], left, [*lectures, *others])
    search = _Search(lectures, others)
    for path, parts, inside in hits:
        search.take(path, parts[outer:], inside)
    search.take_renamed()
    search.take_left(left, outer, place)
    return sorted(search.found.values(), key=lambda one: (one.lecture, one.student)), search.told()


def _outer(hits, left, lectures):
    """How many outer folders hold nothing but the class. Who handed in a lecture as something else belongs to it."""
    named = [one.parts for one in left.kept if len(one.parts) > 1 and _lecture(stem(one.parts[-1]), lectures)]
    return wrapping(hits) or wrapping([*hits, *named])


class _Search:
    """What has been found so far, and what is to be said of it."""

    def __init__(self, lectures, others):
        self.lectures, self.others = lectures, others
        self.found, self.shown, self.renamed, self.alone = {}, {}, [], 0
        self.remarks, self.more = defaultdict(list), Counter()  # from learner to lines, and to how many others

    def take(self, path, parts, inside):
        """A notebook, under its own name or another."""
        one = _recognised(path, parts, inside, self.lectures)
        if one is not None:
            self._add(one, "/".join(parts))
        elif _recognised(path, parts, inside, self.others):
            self.alone += 1
        else:
            self.renamed.append((parts, _recognised_within(path, parts, inside, self.lectures)))

    def take_renamed(self):
        """Those that say themselves which lecture they are, where their learner has no other for it."""
        self.unknown = []
        for parts, one in self.renamed:
            shown = cut("/".join(parts))
            if one is None:
                self.unknown.append(parts)
            elif (one.student, one.lecture) in self.found:
                text = f"{shown}: left out, for {one.student} has another notebook of lecture {one.lecture}."
                self._say(one.student, text)
            else:
                text = f"{shown}: taken for lecture {one.lecture}, as the notebook itself says."
                self._say(one.student, text)
                self.found[one.student, one.lecture] = one

    def take_left(self, left, outer, place):
        """Who has handed in something, and no notebook, is found with the reason."""
        flat = any(len(shown.split("/")) == 1 for shown in self.shown.values())
        reasons = {}  # from (student, id, lecture or None) to pairs of (what it is, whether that is worth telling)
        expected = f"not recognised as a lecture; expected a name such as {self.lectures[0]}.ipynb"
        rows = [(parts, None, expected, True) for parts in self.unknown]
        rows += [(one.parts[outer:], one.shown, one.why, one.loud) for one in left.kept]
        for parts, shown, why, loud in rows:
            shown = shown or cut("/".join(parts))
            if not _recognised(place, parts, place, self.lectures) and _recognised(place, parts, place, self.others):
                continue
            whose = _whose(parts, self.lectures)
            if whose is None or (flat and not loud and not whose[1] and len(parts) > 1):
                if loud or len(parts) == 1:
                    self._say("", f"{shown}: {why}; left out.")
                continue
            reasons.setdefault(whose, []).append((f"{shown}: {why}", loud))
        for parts, number in left.more.items():
            whose = _whose((*parts[outer:], ""), self.lectures)
            self.more[whose[0] if whose else ""] += number
        self._without_notebook(reasons, place)

    def _without_notebook(self, reasons, place):
        has = {student for student, _ in self.found}
        handed_in = {lecture for _, lecture in self.found} or {lecture for _, _, lecture in reasons if lecture}
        handed_in = handed_in or ({self.lectures[0][:2]} if len(self.lectures) == 1 else set())
        told = {}
        for whose, why in reasons.items():
            told.setdefault(whose[:2], []).extend(text for text, _ in why)
        for (student, identity, lecture), why in reasons.items():
            missing = {lecture} if lecture else handed_in if student not in has else set()
            missing = {each for each in missing if (student, each) not in self.found}
            if not missing:
                for text in [text for text, loud in why if loud and student in has]:
                    self._say(student, f"{text}.")
                if not handed_in:
                    self._say(student, f"{student} handed in no notebook. {_listed(told[student, identity])}.")
            for each in sorted(missing):
                listed = _listed(told[student, identity])
                text = f"No notebook of this lecture was handed in. {listed}. Hand in the notebook itself: NAME.ipynb."
                self.found[student, each] = Found(student, identity, each, place, place, text)
                self._say(student, f"{student} handed in no notebook of lecture {each}. {listed}.")

    def told(self):
        """The remarks: few on each learner."""
        lines = []
        for student, texts in self.remarks.items():
            lines += texts[:MOST_REMARKS]
            self.more[student] += len(texts) - len(texts[:MOST_REMARKS])
        for student, number in self.more.items():
            if number:
                lines.append(f"{cut(student) or 'submissions'}: and {number:,} more of this kind.")
        if self.alone:
            lines.append(f"{self.alone} {'notebook' if self.alone == 1 else 'notebooks'} of other lectures left alone.")
        return lines

    def _add(self, one, shown):
        key = one.student, one.lecture
        self.shown[one.path] = shown
        if key in self.found:
            one = max(self.found[key], one, key=lambda each: (_version(self.shown[each.path]), _changed(each.path)))
            counts = cut(self.shown[one.path])
            self._say(one.student, f"{one.student} handed in lecture {one.lecture} more than once; {counts} counts.")
        self.found[key] = one

    def _say(self, student, text):
        self.remarks[student].append(text)


def _listed(reasons):
    more = len(reasons) - MOST_REASONS
    return "; ".join(reasons[:MOST_REASONS]) + (f"; and {more:,} more" if more > 0 else "")


def _recognised(path, parts, inside, lectures):
    *folders, name = parts
    bare = stem(name)
    of_lecture = bool(folders) and (folders[0] in lectures or NUMBER.match(folders[0]))
    student, identity = _student(folders[1:] if of_lecture else folders)  # a folder for each lecture, learners in it
    outermost = folders[0] if folders else "submission"
    for pattern in PLATFORMS:
        match = pattern.match(bare)
        if match and _lecture(match["rest"], lectures):
            lecture = _lecture(match["rest"], lectures)
            whose = (student, identity) if student else (match["student"], match["id"])
            return Found(*whose, lecture, path, inside)
    for lecture in lectures:
        before, hit, _ = bare.partition(lecture)
        if hit:
            flat = _COPY.sub("", before).rstrip("_- ")
            return Found(student or flat or outermost, identity, lecture[:2], path, inside)
    lecture = _lecture(bare, lectures)
    return Found(student or outermost, identity, lecture, path, inside) if lecture else None


def _recognised_within(path, parts, inside, lectures):
    """A notebook that was renamed: its own metadata name the lecture. Searched, not parsed: it may be anything."""
    whose = _whose(parts, lectures)
    data, _ = contents(path, inside) if whose is not None else (None, None)
    if data is None:
        return None
    named = re.findall(rb'"course"\s*:\s*\{[^{}]*"lecture"\s*:\s*"(\d\d)"', data)
    lecture = _lecture(named[-1].decode(), lectures) if named else None
    return Found(*whose[:2], lecture, path, inside) if lecture else None


def _whose(parts, lectures):
    """(student, id, lecture or None) of whatever has a path; None where it is nobody's."""
    one = _recognised(None, parts, None, lectures)
    if one is not None:
        return one.student, one.id, one.lecture
    *folders, name = parts
    of_lecture = NUMBER.match(folders[0]) if folders else None
    lecture = _lecture(of_lecture[1], lectures) if of_lecture and len(folders) > 1 else None
    student, identity = _student([*(folders[1:] if of_lecture and len(folders) > 1 else folders), name])
    return (student, identity, lecture) if folders or identity else None


def _student(folders):
    """(name, id) from the folders above a notebook: the outermost one of Moodle or Canvas, else the outermost one."""
    for folder in folders:
        match = platform(folder)
        if match:
            return match["student"], match["id"]
    return (folders[0], "") if folders else ("", "")


def _lecture(bare, lectures):
    for lecture in lectures:
        if lecture in bare or re.match(rf"{lecture[:2]}(_|\b|$)", bare):
            return lecture[:2]
    return None


def _version(shown):
    """The number that Canvas puts behind a file that was handed in again: name-2.ipynb."""
    match = re.search(r"-(\d{1,3})$", stem(shown.rpartition("/")[2]))
    return int(match[1]) if match else 0


def _changed(path):
    return path.lstat().st_mtime_ns
