"""The lines of a log, with their numbers: of a file while it is read, or of a text.

Nothing is read that is no text, and what is wrong with the others is told with the
line. A file is never held whole: only the line that is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from distlab.errors import Misuse, did_you_mean

LINE_MAX = 256_000_000  # bytes; a whole history may stand in one line
SHOW_PROGRESS_FROM = 10_000_000  # bytes: some seconds
BOM = b"\xef\xbb\xbf"
NO_TEXT = {
    b"\xff\xfe": "in UTF-16: save it as UTF-8, `iconv -f UTF-16 -t UTF-8`",
    b"\xfe\xff": "in UTF-16: save it as UTF-8, `iconv -f UTF-16 -t UTF-8`",
    b"\x1f\x8b": "compressed: unpack it first, `gunzip`",
    b"PK\x03\x04": "compressed: unpack it first, `unzip`",
    b"\x28\xb5\x2f\xfd": "compressed: unpack it first, `unzstd`",
}


@dataclass(frozen=True)
class Source:
    """Where a log comes from: how sentences call it, and how it is opened."""

    name: str
    content: Path | bytes

    def lines(self, progress: bool = False) -> Iterator[tuple[int, str]]:
        """Each line and its number, from 1; with `progress`, a bar for a large file.

        Raises `Misuse` for no file, and for what is no text in UTF-8.
        """
        with self._open() as file, self._bar(progress) as bar:
            number = 0
            while line := file.readline(LINE_MAX + 1):
                number += 1
                yield number, self._text(line, number)
                if bar is not None:
                    bar.update(len(line))
        if not number:
            raise Misuse(f"{self.name} is empty: there is no history in it.")

    def head(self, size_bytes: int = 64_000) -> str:
        """The first lines, whole ones where they fit, to see what kind of log it is."""
        with self._open() as file:
            begin = file.read(size_bytes)
        cut = begin.rfind(b"\n") + 1
        text = begin[:cut] if cut and len(begin) == size_bytes else begin
        return text.removeprefix(BOM).decode(errors="replace")

    def wrong(self, number: int, sentence: str) -> Misuse:
        """What is wrong with a line, to be raised."""
        return Misuse(f"{self.name}, line {number}: {sentence}")

    def _text(self, line: bytes, number: int) -> str:
        if number == 1:
            line = line.removeprefix(BOM)
            for begin, what in NO_TEXT.items():
                if line.startswith(begin):
                    raise Misuse(f"{self.name} is {what}.")
        if len(line) > LINE_MAX:
            raise self.wrong(number, f"longer than {LINE_MAX:,} bytes: break it.")
        if b"\0" in line:
            raise self.wrong(
                number,
                "a zero byte: this is no log, or it is in UTF-16; save as UTF-8.",
            )
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            raise self.wrong(
                number,
                f"byte {error.start + 1} (0x{line[error.start]:02x}) is not UTF-8: if "
                f"the log is in Latin-1, `iconv -f LATIN1 -t UTF-8`.",
            ) from None

    def _open(self) -> IO[bytes]:
        if isinstance(self.content, bytes):
            return BytesIO(self.content)
        if self.content.is_dir():
            raise Misuse(f"{self.name} is a folder: name the logs in it.")
        if not self.content.exists():
            folder = self.content.parent
            near = [path.name for path in folder.iterdir()] if folder.is_dir() else []
            hint = did_you_mean(self.content.name, near)
            raise Misuse(f"there is no file {self.name}.{hint}")
        return self.content.open("rb")

    def _bar(self, progress: bool) -> AbstractContextManager[Any]:
        """A bar at a terminal, for a file that takes some seconds; else None."""
        size = 0 if isinstance(self.content, bytes) else self.content.stat().st_size
        if not progress or size < SHOW_PROGRESS_FROM:
            return nullcontext()
        from tqdm import tqdm

        return tqdm(total=size, unit="B", unit_scale=True, disable=None, leave=False)


def source(log: str | bytes | Path) -> Source:
    """The path of a log, or its text: what has a line break or begins with a bracket.

    Bytes are what came in by the standard input.
    """
    if isinstance(log, Path):
        twice = log.is_file() or log.is_dir() or not log.exists()
        return Source(str(log), log if twice else log.read_bytes())  # a pipe: once
    if isinstance(log, bytes):
        return Source("the standard input", log)
    if "\n" in log or log.lstrip()[:1] in {"{", "[", "(", "#", ";", ""}:
        return Source("the text", log.encode())
    return source(Path(log))
