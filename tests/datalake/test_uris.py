from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalake.uris import shown, shown_in


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("http://user:pass@host/v.mp4?sig=SECRET", "http://host/v.mp4"),
        ("http://user:p@ss@host:80/v.mp4#SECRET", "http://host:80/v.mp4"),
        ("https://host?sig=SECRET", "https://host"),
        ("http://[::1/x?sig=SECRET", "http://[::1/x"),
        ("s3://bucket/a@b/c.mp4", "s3://bucket/a@b/c.mp4"),
        ("file:///videos/a b.mp4", "file:///videos/a b.mp4"),
        ("/videos/what?.mp4", "/videos/what?.mp4"),
    ],
)
def test_a_uri_is_shown_without_secrets(uri: str, text: str) -> None:
    assert shown(uri) == text


def test_uris_in_the_words_of_others_are_shown_without_secrets() -> None:
    said = 'no answer from "http://me:SECRET@host/v?sig=SECRET", tried https://other/?SECRET'
    assert shown_in(said) == 'no answer from "http://host/v", tried https://other/'


@given(st.text())
def test_any_text_can_be_shown(text: str) -> None:
    assert shown(shown(text)) == shown(text)
