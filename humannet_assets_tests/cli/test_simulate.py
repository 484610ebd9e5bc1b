"""`humannet simulate`: makes files, goes on where it was stopped, says what is wrong before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from humannet_assets.cli.app import app, main
from humannet_assets.cli.simulate import parse_options
from humannet_assets.simulator.world import SceneBuilder


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["simulate", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as caught:
        main(["simulate", *arguments])
    code = caught.value.code
    assert isinstance(code, int)
    return code, capsys.readouterr().err


def test_makes_a_file_of_the_sample_library_and_goes_on(tmp_path: Path, project_root: Path) -> None:
    first = run("--profile", "sample", "--only", "not_a_video", "--out", str(tmp_path))
    assert "1 files made" in first
    assert f"humannet ingest {tmp_path}/manifest.csv" in first
    made = (tmp_path / "not_a_video.json").read_bytes()
    assert made == (project_root / "sample_library" / "not_a_video.json").read_bytes()
    assert "0 files made (0 frames, 0 MB), 1 were there" in run(
        "--profile", "sample", "--only", "not_a_video", "--out", str(tmp_path)
    )


def test_options_are_explained() -> None:
    text = run("--profile", "lives", "--options")
    assert "hours=1.0  Hours of each life." in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--profile", "dreams"), "no profile 'dreams'; choose one of sample, world, lives, robot"),
        (("--profile", "world", "-o", "clips=0"), "greater than or equal to 1"),
        (("--profile", "world", "-o", "clips"), "'clips' is no option; write name=value"),
        (("--profile", "lives", "-o", "houres=2"), "houres: Extra inputs"),
        (("--profile", "sample", "--only", "nonsense"), "no case of sample is called nonsense"),
        (("--profile", "sample", "--seed", "3"), "seed: Extra inputs"),
        (("--profile", "robot", "--only", "a"), "has no named files"),
    ],
)
def test_what_cannot_be_made_is_said_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, text = fails(capsys, *arguments, "--out", str(tmp_path / "out"))
    assert code == 2
    assert message in text
    assert not (tmp_path / "out").exists()


def test_missing_opengl_is_said_with_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "mujoco", None)
    assert SceneBuilder  # the check happens in this process, before workers start
    code, text = fails(capsys, "--profile", "world", "-o", "clips=1", "--out", str(tmp_path))
    assert code == 1
    assert "pip install 'humannet-assets[simulator]'" in text
    assert not list(tmp_path.glob("*.mp4"))


def test_a_folder_of_other_footage_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--profile", "sample", "--only", "not_a_video", "--out", str(tmp_path))
    code, text = fails(capsys, "--profile", "world", "--only", "broken_text", "--out", str(tmp_path))
    assert code == 1
    assert "holds other footage" in text


def test_option_pairs() -> None:
    assert parse_options(["file-s=10", " hours = 2"]) == {"file_s": "10", "hours": "2"}
