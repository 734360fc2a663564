from __future__ import annotations

import pytest

from benchmarks import run
from benchmarks.speed.cases import cases
from tests.gpu import HAS_GPU

ON_GPU = [case.name for case in cases().values() if case.needs_gpu]


def test_every_case_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--list"]) == 0
    listed = capsys.readouterr().out
    assert [name for name in cases() if f"{name}: " not in listed] == []


@pytest.mark.skipif(HAS_GPU, reason="they run here")
def test_what_needs_a_gpu_is_refused_without_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main(["many-small", *ON_GPU])
    assert f"not for {', '.join(ON_GPU)}" in capsys.readouterr().err
