"""What workers say, and how it is shown: once for all that say the same, else the end of their logs."""

import json

from echoharvester.errors import UserError
from echoharvester.pipeline.failures import failures
from echoharvester.pipeline.progress import Message, ProgressReporter, tell_failure


def logged(tmp_path, capsys, *errors):
    """Logs of workers that fail with these errors, None for one that is killed."""
    logs = {}
    for shard, error in enumerate(errors):
        print("loading a model")
        ProgressReporter().begun(f"m{shard}")
        if error:
            tell_failure(error, not isinstance(error, UserError))
        path = tmp_path / f"{shard}.log"
        path.write_text("of an earlier run\n" + capsys.readouterr().out)
        logs[shard] = (path, len("of an earlier run\n"))
    return logs


def test_shards_that_fail_alike_are_named_in_one_line(tmp_path, capsys):
    logs = logged(tmp_path, capsys, UserError("align.model=x: no such file"), UserError("align.model=x: no such file"))  # fmt: skip
    assert list(failures("align", logs)) == ["align: shards 0, 1: align.model=x: no such file"]


def test_a_fault_of_the_program_shows_the_end_of_its_log(tmp_path, capsys):
    (said,) = failures("align", logged(tmp_path, capsys, KeyError("x")))
    assert "unexpected KeyError: 'x', a fault of the program; the end of" in said
    assert "loading a model" in said and "(the last media item it began: m0)" in said
    assert "of an earlier run" not in said and "echo" not in said


def test_a_worker_that_says_nothing_is_named_all_the_same(tmp_path):
    (said,) = failures("align", {3: (tmp_path / "none.log", 0)})
    assert "shard 3 failed" in said and "did not even start, or was cancelled" in said


def test_lines_that_only_look_like_messages_are_none():
    assert Message.parse('{"echo": broken') is None and Message.parse("@begun m") is None
    assert Message.parse(json.dumps({"echo": "done", "items": 2})).values == {"items": 2}
