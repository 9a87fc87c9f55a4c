"""Imports go downwards, heavy ones happen late, and stage scripts stay small."""

import ast
import subprocess
import sys

import pytest
from tests_support import ROOT

# Rooms by height: a room may import those below it, and itself.
FLOORS = [
    {"text", "audio", "manifests"},
    {"models"},
    {"sources", "captions", "align", "asr"},
    {"training", "decoding", "exporting", "review", "dataset", "report"},
]
HEIGHT = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}


def imports():
    for path in sorted((ROOT / "echoharvester").rglob("*.py")):
        room = path.relative_to(ROOT / "echoharvester").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "echoharvester."
            ):
                yield path, room, node.module.split(".")[1]


@pytest.mark.parametrize("floor", range(len(FLOORS)))
def test_imports_go_downwards(floor):
    wrong = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path, room, target in imports()
        if room in HEIGHT and HEIGHT[room] == floor and HEIGHT[target] > floor
    ]
    assert not wrong


def test_hydra_stays_in_local():
    for path in (ROOT / "echoharvester").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "omegaconf" not in text and "import hydra" not in text, path


@pytest.mark.parametrize("script", ["launch", "status", "collect", "segment", "merge", "review"])
def test_scripts_that_only_move_text_load_neither_torch_nor_lhotse(script):
    code = f"import sys; sys.path.insert(0, 'local'); import {script}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"torch", "lhotse", "onnxruntime"} & set(done.stdout.split())


def test_stage_scripts_are_short_and_everything_is_documented():
    from common import STEPS

    for path in sorted((ROOT / "local").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), path
        assert path.stem not in STEPS or len(text.splitlines()) <= 120, path
