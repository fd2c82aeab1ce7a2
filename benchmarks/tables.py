"""Tables of results, and the place in README.md where each is kept."""

from collections.abc import Sequence
from pathlib import Path


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are to the right."""
    lines = ["| " + " | ".join(heads) + " |"]
    lines.append("|:--|" + "--:|" * (len(heads) - 1))
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def write(file: Path, name: str, text: str) -> None:
    """Replace what stands between the two marks of this name."""
    begin, end = f"<!-- {name} -->", f"<!-- end {name} -->"
    before, _, rest = file.read_text("utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(
            f"{file}: there is no {begin} … {end}: put both where it goes."
        )
    file.write_text(f"{before}{begin}\n{text}\n{end}{after}", "utf-8")
