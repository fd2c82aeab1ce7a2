"""One run over a folder: what has to be marked, what came of it, what is to be said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from distlab.errors import Misuse
from distlab.grade import class_page, report, submissions
from distlab.grade.batch import Job, Marking, results
from distlab.grade.class_page import Change
from distlab.grade.document import Block, harmless, markdown, web_page
from distlab.grade.exercise import Course
from distlab.grade.files import file_names, write_changed
from distlab.grade.gradebook import Entry, Gradebook
from distlab.grade.grades import Class, graded, grades, totals
from distlab.grade.regrading import key_id, marked_again, outdated
from distlab.grade.settings import Settings
from distlab.grade.submissions import Submission
from distlab.grade.versions import versions

TOTALS = "totals.csv"


class Run:
    """One run of `distlab grade`."""

    def __init__(
        self, of: Course, key: bytes | None, settings: Settings, book: Gradebook
    ):
        self.course, self.settings, self.book = of, settings, book
        self.marking = Marking(of, key, key_id(key), versions(of))
        self.found: dict[str, Submission] = {}  # all that was handed in, by its file
        self.unopened: list[str] = []  # and what is no file
        self.broke_off: dict[str, str] = {}  # files that nobody could mark, and why
        self.current: dict[str, Entry] = {}  # the mark of each file
        self.new: list[Entry] = []  # those of this run
        self.outdated: dict[str, int] = {}  # marks that stand, by what says otherwise
        self.stamps: dict[str, str] = {}  # files whose stamp is no time, and why

    # ------------------------------------------------------------------------- to mark
    def mark(self, place: Path, regrade: bool, workers: int, limit_s: float) -> None:
        """Mark what is new or has changed, and keep it."""
        if jobs := list(self.jobs(place, regrade)):
            self.book.begin()
        try:
            with progress(len(jobs)) as say:
                for job, came in results(jobs, self.marking, workers, limit_s):
                    say(self.keep(job.submission, came))
        except KeyboardInterrupt:
            done = len(self.new) + len(self.broke_off)
            print(
                f"interrupted: {done} of {len(jobs)} are marked and kept in "
                f"{self.book.path}. Say the same again, and it goes on from there.",
                file=sys.stderr,
            )
            raise
        self.book.put_in_order()

    def jobs(self, place: Path, regrade: bool) -> Iterator[Job]:
        """What is to be marked; what stands is brought up to date."""
        found, self.unopened = submissions.found(place, self.course)
        self.found = {submission.file: submission for submission in found}
        marked, number = self.book.marked(), self.book.run_number()
        for submission in found:
            digest = submissions.digest(submission)
            entry = marked.get((submission.student, submission.file, digest))
            if entry is None:
                yield Job(submission, number)
                continue
            asked = [e.number for e in self.course.of(entry.sheet)]
            current = {number: self.marking.versions[number] for number in asked}
            why = outdated(entry, current, self.marking.key_id)
            if why and regrade:
                yield Job(submission, entry.handed)
                continue
            for reason in why:
                self.outdated[reason] = self.outdated.get(reason, 0) + 1
            if (when := self.submitted(entry)) not in ("", entry.submitted):
                entry = entry._replace(submitted=when)
                self.book.add(entry)
            self.current[submission.file] = entry

    def keep(self, submission: Submission, came: Entry | str) -> str:
        """Put a mark into the book; what there is to say of it."""
        if isinstance(came, str):
            self.broke_off[submission.file] = came
            return f"{submission.file}: could not be marked: {came}"
        entry = came._replace(submitted=self.submitted(came))
        self.book.add(entry)
        self.new.append(entry)
        self.current[submission.file] = entry
        return entry.summary

    def submitted(self, entry: Entry) -> str:
        """When this was handed in: by the table, by nbgrader's stamp, by the file."""
        submission = self.found[entry.file]
        if told := self.settings.times.get((entry.student, entry.sheet)):
            return told
        try:
            told = submissions.stamped(submission, self.settings.timezone)
        except Misuse as why:
            self.stamps[entry.file], told = str(why), ""
        if not told and self.settings.file_times:
            return submissions.file_time(submission)
        return told

    # ------------------------------------------------------------------------ to write
    def write(self, out: Path, pages: Path | None) -> None:
        """Write the grades and the reports, and say what came of the run."""
        of = graded(self.book.counting(), self.settings, self.course)
        rows = [of.rows[sheet, who.id] for sheet in of.sheets for who in of.students]
        write_changed(out, grades(rows))
        if len(of.sheets) > 1:
            write_changed(out.with_name(TOTALS), totals(of))
        if pages is not None:
            self.write_pages(of, pages)
        if not self.new and len(self.found) == 1:
            print(*(harmless(entry.summary) for entry in self.current.values()))
        for told in (*self.changes_now(), *self.notes(of)):
            print(harmless(told))
        before = len(self.found) - len(self.new) - len(self.broke_off)
        places = ", ".join(map(str, filter(None, (out, self.book.path, pages))))
        print(f"{len(self.new)} marked, {before} were marked before: {places}")

    def write_pages(self, of: Class, folder: Path) -> None:
        """The page on the class, and those of each learner."""
        names = file_names(who.id for who in (*of.students, *of.strangers))
        told = class_page.blocks(of, self.changes(), self.notes(of), names)
        both(folder / "index", "The class", told)
        for student in (*of.students, *of.strangers):
            own = folder / names[student.id]
            both(own / "index", student.name, report.of_learner(of, student))
            for row in of.of(student):
                if row.entry is not None:
                    told = report.of_sheet(row, row.entry)
                    both(own / row.sheet, student.name, told)

    def changes(self) -> list[Change]:
        """Every mark of the book that took the place of another."""
        return [
            Change(before, after)
            for entries in self.book.histories().values()
            for before, after in pairwise(entries)
            if marked_again(before, after)
        ]

    def changes_now(self) -> list[str]:
        """What this run has changed, in words."""
        now = {id(entry) for entry in self.new}
        return [c.told() for c in self.changes() if id(c.after) in now]

    def notes(self, of: Class) -> list[str]:
        """What somebody has to look at."""
        broke_off = sorted(self.broke_off.items())
        return [
            *(f"{told}." for told in self.unopened),
            *(entry.summary for entry in self.unread()),
            *(f"{file}: could not be marked: {why}." for file, why in broke_off),
            *self.several(),
            *(class_page.stranger(of, student) for student in of.strangers),
            *(self.stamps[file] for file in sorted(self.stamps)),
            *(
                UNTIMED.format(sheet, ", ".join(who))
                for sheet, who in of.untimed().items()
            ),
            *(AGAIN.format(n, why) for why, n in self.outdated.items()),
        ]

    def unread(self) -> list[Entry]:
        """The files that were handed in and could not be read."""
        return [self.current[f] for f in sorted(self.current) if self.current[f].unread]

    def several(self) -> Iterator[str]:
        """Who handed in more than one file for a sheet."""
        files: dict[tuple[str, str], list[str]] = {}
        for file in sorted(self.current):
            entry = self.current[file]
            files.setdefault((entry.student, entry.sheet), []).append(file)
        counting = self.book.counting()
        for (student, sheet), all_of in files.items():
            if len(all_of) > 1:
                counts = counting[sheet, student].file
                yield f"{student} has {len(all_of)} files for {sheet}: {counts} counts."

    def exit_code(self) -> int:
        """1: somebody could not be marked; 3: a file could not be read; 0: all well."""
        if self.broke_off:
            return 1
        return 3 if self.unread() or self.unopened else 0


UNTIMED = "{}: nobody knows when these handed in, and they are taken for in time: {}."
AGAIN = "{} marks stand as they were given, and {}: `--regrade` marks them again."


def both(place: Path, title: str, blocks: Iterable[Block]) -> None:
    """Write a page as HTML and as Markdown."""
    told = list(blocks)
    write_changed(place.with_name(f"{place.name}.html"), web_page(title, told))
    write_changed(place.with_name(f"{place.name}.md"), markdown(told))


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """Tells each result in a line, above a bar where this is a terminal."""
    if sys.stdout.isatty():
        from tqdm import tqdm

        with tqdm(total=total, unit="submission", disable=not total) as bar:

            def above(text: str) -> None:
                bar.write(harmless(text))
                bar.update()

            yield above
        return
    told = 0

    def numbered(text: str) -> None:
        nonlocal told
        told += 1
        print(f"{told}/{total}  {harmless(text)}", flush=True)

    yield numbered
