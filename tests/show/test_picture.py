"""Pictures: equal bytes for equal inputs, legible on white and on black paper."""

import xml.etree.ElementTree as ET

import pytest

import distlab.show
from distlab.show import colours
from distlab.show.colours import Colour, contrast, style_sheet
from distlab.show.picture import Drawing, Picture, number, shortened, text_width
from distlab.show.shapes import RULES


def drawn(alt: str = "a line", text: str = "one line\nfrom left to right") -> Picture:
    drawing = Drawing(100, 50, {".dl-x": {"stroke": colours.BLUE}})
    drawing.line(1, 2, 3, 4.5, "dl-x")
    return drawing.picture(alt=alt, text=text)


# ------------------------------------------------------------------------------ the SVG
def test_a_picture_is_well_formed_whatever_its_words_are():
    picture = drawn(alt="<&\"'>", text="]]> & <script>")
    root = ET.fromstring(picture.svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root[0].text == "<&\"'>"
    assert root[1].text == "]]> & <script>"


def test_a_picture_names_itself_to_those_who_do_not_see_it():
    root = ET.fromstring(drawn().svg)
    named, described = root.get("aria-labelledby"), root.get("aria-describedby")
    words = {child.get("id"): child.text for child in root if child.get("id")}
    assert root.get("role") == "img"
    assert (words[named], words[described]) == ("a line", "one line")


def test_two_pictures_on_one_page_share_no_id():
    ids = [
        {e.get("id") for e in ET.fromstring(p.svg).iter() if e.get("id")}
        for p in (drawn(), drawn(alt="another line"))
    ]
    assert len(ids[0]) == len(ids[1]) == 2
    assert not ids[0] & ids[1]


def test_a_notebook_gets_the_drawing_and_the_words():
    bundle = drawn()._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "text/plain"}
    assert bundle["text/plain"] == "a line\none line\nfrom left to right"


def test_the_repr_of_a_picture_is_its_sentence():
    assert repr(drawn()) == "Picture: a line"


def test_a_picture_is_saved_as_it_is(tmp_path):
    drawn().save(tmp_path / "line.svg")
    assert (tmp_path / "line.svg").read_bytes().decode() == drawn().svg


@pytest.mark.parametrize(
    ("value", "written"),
    [(1, "1"), (1.0, "1"), (0.1 + 0.2, "0.3"), (-0.001, "0"), (1e9, "1000000000")],
)
def test_a_number_is_written_in_one_way(value: float, written: str):
    assert number(value) == written


def test_shortened_text_fits_and_says_that_it_was_cut():
    assert shortened("replication", 200) == "replication"
    cut = shortened("replication", 40)
    assert cut.endswith("…")
    assert text_width(cut) <= 40
    assert shortened("replication", 3) == ""


# --------------------------------------------------------------------------- the themes
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("text", colours.TEXTS)
def test_every_text_has_the_contrast_of_4_5_to_its_paper(text: Colour, theme: str):
    paper, band = getattr(colours.PAPER, theme), getattr(colours.BAND, theme)
    assert contrast(getattr(text, theme), paper) >= 4.5
    assert contrast(getattr(text, theme), band) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("hue", [*colours.HUES, colours.BAD, colours.LANE])
def test_every_line_has_the_contrast_of_3_to_its_paper(hue: Colour, theme: str):
    assert contrast(getattr(hue, theme), getattr(colours.PAPER, theme)) >= 3


def blended(over: str, under: str, opacity: float) -> str:
    """The colour that is seen where one lies over another."""
    parts = [(int(over[i : i + 2], 16), int(under[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(
        f"{round(a * opacity + b * (1 - opacity)):02x}" for a, b in parts
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("under", [colours.PAPER, colours.HALO])
@pytest.mark.parametrize(
    "hue", [colours.GREEN, colours.BAD, colours.ORANGE, colours.GREY]
)
def test_the_words_in_an_operation_are_legible(hue, under, theme: str):
    opacity = float(RULES[".dl-operation"]["fill-opacity"])
    ground = blended(getattr(hue, theme), getattr(under, theme), opacity)
    assert contrast(getattr(colours.INK, theme), ground) >= 4.5


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
    assert contrast("#ffffff", "#767676") == pytest.approx(4.54, abs=0.01)


def test_a_style_sheet_has_the_light_shade_for_all_and_the_pair_for_those_who_can():
    sheet = style_sheet({".dl-x": {"fill": Colour("#111111", "#eeeeee"), "rx": "2"}})
    plain, themed = sheet.split("@supports")
    assert plain == ".dl-x{fill:#111111;rx:2}"
    assert ".dl-x{fill:light-dark(#111111,#eeeeee)}" in themed
    assert "svg:root{color-scheme:light dark}" in themed


# ----------------------------------------------------------------------------- the door
def test_the_door_of_show_leads_to_every_name_it_lists():
    assert distlab.show.Picture is Picture
    assert "spacetime" in dir(distlab.show)
    with pytest.raises(AttributeError, match="Did you mean `spacetime`"):
        distlab.show.spacetme
