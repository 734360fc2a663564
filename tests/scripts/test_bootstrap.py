from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import bootstrap
import bootstrap_poetry
import pytest
from bootstrap_console import BootstrapError, Progress, environment, explain, is_network_failure


def run_bootstrap(root: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "bootstrap.py")]
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, timeout=120)


def make_venv(root: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    return root / ".venv"


def evaluated(root: Path, expression: str) -> str:
    """What the bootstrap of a checkout says about itself."""
    return subprocess.run(
        [sys.executable, "-c", f"import bootstrap, json; print({expression})"],
        env={"PYTHONPATH": str(root / "scripts")},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_two_versions_of_one_distribution_are_found_and_the_remedy_is_named(tmp_path: Path) -> None:
    for name, version in (("Nvidia_Cublas", "13.4"), ("nvidia-cublas", "13.5"), ("torch", "2.15")):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8"
        )
    assert bootstrap.doubles(tmp_path) == {"nvidia-cublas": ["13.4", "13.5"]}
    with pytest.raises(BootstrapError, match=r"nvidia-cublas 13\.4 and 13\.5.*(?s:.*)Delete \.venv"):
        bootstrap.check_doubles(tmp_path)


def test_this_environment_holds_nothing_twice() -> None:
    bootstrap.check_doubles(Path(os.__file__).parent / "site-packages")
    assert bootstrap.doubles(Path(pytest.__file__).parent.parent) == {}


def test_progress_counts_what_poetry_says(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    for line in (
        "Installing dependencies from lock file",
        "Package operations: 2 installs, 1 update, 0 removals",
        "  - Installing numpy (2.5.0)",
        "  - Updating torch (2.14.0 -> 2.15.0)",
        "Installing the current project: video-data-pipeline (0.1.0)",
    ):
        progress.feed(line)
    progress.close()
    assert (progress.done, progress.total) == (2, 3)


def test_a_network_failure_names_the_remedy_and_no_password() -> None:
    lines = [
        "All attempts to connect to index.example.com failed.",
        "https://me:secret@index.example.com/simple",
    ]
    told = explain("poetry install failed", lines)
    assert "HTTPS_PROXY" in told
    assert "secret" not in told
    assert "https://***@index.example.com/simple" in told


def test_a_full_disk_and_anything_else_are_told_apart() -> None:
    assert "Free 10 GB" in explain("x failed", ["OSError: [Errno 28] No space left on device"])
    assert explain("x failed", ["boom"]) == "x failed:\n    boom"
    assert not is_network_failure(["boom"])


def test_the_callers_shell_leads_nobody_astray(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com")
    found = environment(EXTRA="1")
    assert not {"PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "VIRTUAL_ENV"} & set(found)
    assert (found["PIP_USER"], found["EXTRA"]) == ("0", "1")
    assert found["HTTPS_PROXY"] == "http://proxy.example.com"


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bootstrap, "NEEDED_GB", 10**9)
    with pytest.raises(BootstrapError, match="GB are free"):
        bootstrap.check_disk()


def test_a_folder_that_cannot_be_made_is_not_writable(tmp_path: Path) -> None:
    assert bootstrap_poetry.writable(tmp_path / "new" / "folder")
    assert not bootstrap_poetry.writable(Path("/proc/self/new"))


def test_a_finished_environment_is_left_alone(checkout: Path) -> None:
    venv = make_venv(checkout)
    (venv / ".bootstrap.json").write_text(
        evaluated(checkout, "json.dumps(bootstrap.wanted_stamp())"), "utf-8"
    )
    done = run_bootstrap(checkout, {"PATH": ""})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (checkout / ".cache").exists()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("none", "None"),
        ("gone", "there is none yet"),
        ("broken", "its Python does not run"),
        ("killed", "was killed while it installed"),
        ("moved", "the checkout was moved"),
    ],
)
def test_a_damaged_environment_is_told_from_a_usable_one(checkout: Path, damage: str, reason: str) -> None:
    if damage != "gone":
        venv = make_venv(checkout)
    if damage == "broken":
        (venv / "bin" / "python").unlink()
    if damage == "killed":
        (venv / ".bootstrap-unfinished").touch()
    if damage == "moved":
        (venv / ".bootstrap.json").write_text('{"folder": "/elsewhere", "packages": "x"}', "utf-8")
    assert reason in evaluated(checkout, "bootstrap.must_recreate()")


def test_a_link_to_another_environment_is_not_replaced(checkout: Path, tmp_path: Path) -> None:
    elsewhere = make_venv(tmp_path)
    (checkout / ".venv").symlink_to(elsewhere)
    (elsewhere / ".bootstrap-unfinished").touch()
    done = run_bootstrap(checkout, {"PATH": ""})
    assert done.returncode == 1
    assert f"it is a link to {elsewhere}" in done.stderr
    assert "rm .venv" in done.stderr
    assert (elsewhere / "bin" / "python").exists()


def test_without_a_network_a_clear_message_ends_the_run_and_nothing_claims_to_be_ready(
    checkout: Path, shell_environment: dict[str, str]
) -> None:
    stale = make_venv(checkout) / "bin" / "python"
    stale.unlink()
    unreachable = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = run_bootstrap(checkout, shell_environment | unreachable)
    assert done.returncode == 1
    assert "the package index cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
    assert stale.exists()  # the environment was made anew
    assert not (checkout / ".venv" / ".bootstrap.json").exists()


def test_the_datalake_command_works_in_a_folder_with_a_space(checkout: Path) -> None:
    script = make_venv(checkout) / "bin" / "datalake"
    script.write_text(f"#!{script.parent}/python\nimport sys\nprint('ran', sys.argv[1:])\n", "utf-8")
    script.chmod(0o755)
    evaluated(checkout, "bootstrap.mend_entry_point()")
    done = subprocess.run([str(script), "a b"], check=True, capture_output=True, text=True)
    assert done.stdout == "ran ['a b']\n"
