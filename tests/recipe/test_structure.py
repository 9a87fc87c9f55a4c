"""Imports go downwards, heavy ones happen late, and stage scripts stay small."""

import ast
import re
import subprocess
import sys

import pytest
from tests_support import ROOT

# Rooms by height: a room may import those below it, and itself.
FLOORS = [
    {"errors", "options"},
    {"progress", "text", "audio", "manifests"},
    {"models"},
    {"sources", "captions", "align", "asr"},
    {"training", "decoding", "exporting", "review", "dataset", "report"},
    {"pipeline"},
]
MAX_SCRIPT_LINES, MAX_LOCAL_LINES = 60, 2000
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


@pytest.mark.parametrize(
    "script", ["run", "takedown", "collect", "segment", "review_edits", "merge", "review", "filter"]
)
def test_scripts_that_only_move_text_load_neither_torch_nor_lhotse(script):
    code = f"import sys; sys.path.insert(0, 'local'); import {script}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"torch", "lhotse", "onnxruntime"} & set(done.stdout.split())


def test_a_stage_is_a_row_a_script_and_a_line_and_all_three_agree():
    from stages import STAGES

    for name in STAGES:
        assert (ROOT / "local" / f"{name}.py").is_file(), name
    lines = re.findall(
        r"^run_stage (\d+) (\w+)", (ROOT / "run.sh").read_text("utf-8"), re.MULTILINE
    )
    assert lines == [(str(stage.number), name) for name, stage in STAGES.items()]


def test_stage_scripts_are_short_and_everything_is_documented():
    from stages import STAGES

    total = 0
    for path in sorted((ROOT / "local").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        total += len(text.splitlines())
        assert ast.get_docstring(ast.parse(text)), path
        assert path.stem not in STAGES or len(text.splitlines()) <= MAX_SCRIPT_LINES, path
    assert total < MAX_LOCAL_LINES


def test_no_two_rooms_of_a_floor_import_each_other_in_a_circle():
    """Modules, functions' own imports among them."""
    edges: dict[str, set[str]] = {}
    for path in sorted((ROOT / "echoharvester").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        hidden = {
            id(node)
            for block in ast.walk(tree)
            if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
            for node in ast.walk(block)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and id(node) not in hidden:
                name = node.module or ""
                targets = {name, *(f"{name}.{alias.name}" for alias in node.names)}
                edges.setdefault(module, set()).update(
                    t for t in targets if t.startswith("echoharvester.") and t != module
                )
    assert not circles(edges)


def circles(edges):
    """A circle of modules that import each other; [] if there is none."""
    done: set[str] = set()

    def visit(node, path):
        if node in path:
            return path[path.index(node) :]
        if node in done:
            return []
        for target in sorted(edges.get(node, ())):
            if target in edges and (found := visit(target, [*path, node])):
                return found
        done.add(node)
        return []

    for module in sorted(edges):
        if found := visit(module, []):
            return found
    return []
