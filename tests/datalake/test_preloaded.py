from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

from datalake.preloaded import forget, forget_if_changed, stamps


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a module and a module of a package in it, loaded ahead."""
    folder = tmp_path / "aheadpack"
    (folder / "inner").mkdir(parents=True)
    for path in (folder / "__init__.py", folder / "inner" / "__init__.py"):
        path.touch()
    (folder / "inner" / "part.py").write_text("VALUE = 1\n")
    (folder / "other.py").write_text("from aheadpack.inner import part\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("aheadpack.other")
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "aheadpack"]:
        del sys.modules[name]


def test_what_did_not_change_stays_loaded(package):
    before = sys.modules["aheadpack.other"]
    assert not forget_if_changed("aheadpack", stamps("aheadpack"))
    assert importlib.import_module("aheadpack.other") is before


def test_a_change_anywhere_reaches_who_imports_next(package):
    seen = stamps("aheadpack")
    (package / "inner" / "part.py").write_text("VALUE = 12\n")
    assert forget_if_changed("aheadpack", seen)
    from aheadpack import inner, other  # `from` looks at the package's own names first

    assert other.part.VALUE == inner.part.VALUE == 12


def test_a_file_that_is_gone_is_a_change(package):
    seen = stamps("aheadpack")
    (package / "inner" / "part.py").unlink()
    assert forget_if_changed("aheadpack", seen)
    with pytest.raises(ModuleNotFoundError, match=r"aheadpack\.inner\.part"):
        importlib.import_module("aheadpack.inner.part")


def test_what_is_named_as_something_of_pythons_own_takes_nothing_from_it(package):
    (package / "inner" / "path.py").touch()
    importlib.import_module("aheadpack.inner.path")
    del sys.modules["aheadpack.inner"]
    forget(["aheadpack.inner.path"])
    assert sys.path
    assert "aheadpack.inner.path" not in sys.modules


def in_a_process(code, home):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DATALAKE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )


def test_our_code_that_cannot_be_loaded_ahead_is_left_to_the_tasks(tmp_path):
    """The fork server goes on, and nothing of what was loaded before the error stays as it was."""
    code = (
        "import sys\n"
        "from hamilton.lifecycle.base import ValidationException\n"
        "class Broken:\n"
        "    error = SyntaxError\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'datalake.tasks': raise self.error(f'broken by {self.error.__name__}')\n"
        "def check(seen):\n"
        "    assert seen == {}\n"
        "    assert [name for name in sys.modules if name.startswith('datalake.')] == ['datalake.preload']\n"
        "    assert not hasattr(sys.modules['datalake'], 'contracts')\n"
        "sys.meta_path.insert(0, Broken())\n"
        "import datalake.preload as preload\n"
        "check(preload.SEEN)\n"
        "for Broken.error in (ImportError, ZeroDivisionError, ValidationException):\n"
        "    check(preload._loaded_ours())\n"
        "sys.meta_path.pop(0)\n"
        "import datalake.tasks\n"
    )
    done = in_a_process(code, tmp_path)
    for name in ("SyntaxError", "ImportError", "ZeroDivisionError", "ValidationException"):
        assert f"broken by {name}" in done.stdout + done.stderr


def test_what_dag_files_need_of_airflow_is_there(tmp_path):
    code = (
        "import sys, datalake.preload\n"
        "sys.path.insert(0, 'dags')\n"
        "before = set(sys.modules)\n"
        "import video_process\n"
        "print(*set(sys.modules) - before)\n"
    )
    done = in_a_process(code, tmp_path)
    assert set(done.stdout.splitlines()[-1].split()) == {"video_process", "datalake.dag_defaults"}


def test_what_reads_a_dag_file_looks_first(tmp_path):
    """The process of a task: `datalake.preload` is there, a file changes, a DAG file is read."""
    code = (
        "import sys, datalake.preload as preload\n"
        "assert 'datalake.dag_defaults' not in sys.modules\n"
        "preload.SEEN['datalake.tasks'] = (0, 0)\n"
        "before = sys.modules['datalake.tasks']\n"
        "import datalake.dag_defaults\n"
        "from datalake import tasks\n"
        "assert tasks is not before\n"
    )
    in_a_process(code, tmp_path)
