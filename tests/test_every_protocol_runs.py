"""`distlab run <chapter>.<protocol>`: each does something when nothing else is said."""

import re

import pytest

from distlab import simulate
from distlab.__main__ import main

# A client alone has nobody to ask
NAMED = [name for name, _ in simulate.protocols() if not name.endswith(".client")]


@pytest.mark.parametrize("name", NAMED)
def test_all_that_a_protocol_is_called_to_do_by_itself_ends_well(name, capsys):
    code = main(["run", name])
    printed = capsys.readouterr()
    if code == 2:
        assert re.search("has no class of nodes|is a specification", printed.err)
        return
    assert code == 0
    found = re.search(r"History of (\d+) operations: (\d+) ok", printed.out)
    assert found[1] == found[2]
