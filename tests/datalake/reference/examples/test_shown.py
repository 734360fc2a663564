from __future__ import annotations

import re
from base64 import b64decode
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from datalake.adapters.ports import Mail
from datalake.adapters.smtp.template import JinjaMailTemplate
from datalake.contracts import Options
from datalake.findings import finding
from datalake.reference.examples import shown


def jpeg(width_px: int, height_px: int) -> bytes:
    data = BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (height_px, width_px, 3), np.uint8)
    Image.fromarray(noise).save(data, "JPEG")
    return data.getvalue()


def test_a_table_escapes_rounds_and_cuts_in_the_middle() -> None:
    made = shown.table(("A", "B"), [("<b>", 0.123456), ("x" * 40 + "y" * 40, [])])
    assert "<td" in made._repr_html_()
    assert "&lt;b&gt;" in made._repr_html_()
    assert repr(made).splitlines()[1].split() == ["<b>", "0.1235"]
    assert repr(made).splitlines()[2].split() == ["x" * 30 + "…" + "y" * 30, "–"]
    ElementTree.fromstring(made._repr_html_())


def test_a_record_shows_what_it_holds() -> None:
    lines = repr(shown.record(Options(interval_s=0.5))).splitlines()
    assert ["interval_s", "0.5"] in [line.split() for line in lines]
    assert not any("max_frames" in line for line in lines)


def test_a_finding_is_shown_with_its_remedy_and_in_a_table_by_its_code() -> None:
    found = finding("truncated", "half of it")
    assert "half of it" in repr(shown.findings([found]))
    assert repr(shown.table(("F",), [([found],)])).splitlines()[1] == "truncated"


def test_pictures_are_small_in_rows_and_captioned() -> None:
    made = shown.pictures([jpeg(1280, 720)] * 7, [f"{second} s\nscore <1>" for second in range(7)])
    images = re.findall(r'<img width="176" height="99" src="data:image/jpeg;base64,([^"]+)">', made.html)
    assert len(images) == 7
    assert all(len(b64decode(image)) <= 10 * 1024 for image in images)
    assert made.html.count("<tr>") == 2
    assert "6 s<br>score &lt;1&gt;" in made.html
    assert repr(made).splitlines()[0] == "0 s, score <1>"


def test_a_mail_leaves_its_style_for_the_window_behind() -> None:
    body = JinjaMailTemplate().render("Videos: none", [], "https://airflow.example.com", "in 0 = 0")
    made = shown.mail(Mail("<1@x>", "team@example.com", "Videos: none", body.text, body.html))
    assert "<style" in body.html
    assert "<style" not in made.html
    assert "Videos: none" in made.html
    assert 'align="left" style=' not in made.html
    assert repr(made).startswith("To: team@example.com\nSubject: Videos: none\n\n")
