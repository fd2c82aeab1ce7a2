"""Files that are written whole, and names for them that nobody else chooses.

Files are written beside their place and moved there when they are whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

VISIBLE = "backslashreplace"  # what Unicode has no character for
NAME_MAX = 60  # characters of a name that somebody else has chosen
MARKED = re.compile(r"-[0-9a-f]{10}$")  # how the names end that are made here


def write_whole(path: Path, text: str, synced: bool = True) -> None:
    """Write a file at once: whoever looks sees the old one or the new one, whole.

    It is on the disk when this returns, unless it can be made again (`synced=False`).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="\n", errors=VISIBLE) as file:
            file.write(text)
            file.flush()
            if synced:
                os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def write_changed(path: Path, text: str) -> None:
    """The same, where the file says something else: a class has a thousand reports."""
    told = text.encode(errors=VISIBLE)
    if not path.is_file() or path.read_bytes() != told:
        write_whole(path, text, synced=False)


def check_writable(folder: Path) -> None:
    """Make a folder, and try it before the work that is to be written there.

    Raises `OSError` with the folder and what is wrong with it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            os.fsync(file.fileno())
    except OSError as why:
        raise OSError(
            f"nothing can be written to {folder} ({why.strerror}): give another place, "
            f"or make room there."
        ) from None


def file_names(ids: Iterable[str]) -> dict[str, str]:
    """A name for the files of each learner: theirs where it is harmless and their own.

    Others get a digest behind what is harmless of theirs: `../x` leads nowhere, and
    `Ann` does not overwrite `ann` where a disk takes them for the same.
    """
    known = sorted(set(ids))
    alike = Counter(map(folded, known))
    return {
        id: id if harmless_name(id) and alike[folded(id)] == 1 else with_digest(id)
        for id in known
    }


def folded(id: str) -> str:
    """What two names have in common that some disk cannot tell apart."""
    return unicodedata.normalize("NFKC", id).casefold()


def harmless_name(id: str) -> bool:
    """Letters and digits of any script, and a few signs, not at the beginning."""
    fits = re.fullmatch(r"\w[\w.@+-]*", id) and len(id) <= NAME_MAX
    taken = id == "index" or MARKED.search(id)
    return bool(fits) and unicodedata.is_normalized("NFC", id) and not taken


def with_digest(id: str) -> str:
    """A name that nobody else has."""
    kept = re.sub(r"[^\w@+-]+", "_", id, flags=re.ASCII).strip("_")[:30]
    mark = hashlib.sha256(id.encode(errors="surrogatepass")).hexdigest()[:10]
    return f"{kept}-{mark}".lstrip("-")
