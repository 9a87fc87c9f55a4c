"""Workers that are killed while others work: tried again alone, the culprit named and set apart."""

import sys

from echoharvester.pipeline.processes import ShardedWork, run_local

NJ = 2

# Works on items a to d; is killed while it works on those of KILLED, unless they are known.
WORKER = """
import json, os, signal, sys
shard = sys.argv[-1].partition("=")[2]
killed, once = sys.argv[1].split(","), sys.argv[2]
for item in "abcd":
    item = shard + item
    print(json.dumps({"echo": "begun", "media_id": item}), flush=True)
    if item in killed and item not in os.environ["ECHO_CRASHED"].split():
        marker = os.path.join(once, item)
        if not once or not os.path.exists(marker):
            if once:
                open(marker, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
    print('{"echo": "done", "items": 1}', flush=True)
"""


def work(tmp_path, killed, once=""):
    command = [sys.executable, "-c", WORKER, killed, once]
    return ShardedWork(
        "align", command, [0, 1, 2], [tmp_path / f"{k}.log" for k in range(3)], tmp_path
    )


def test_a_worker_killed_by_chance_is_simply_run_again(tmp_path, capsys):
    done = []
    assert run_local(work(tmp_path, "1c", str(tmp_path)), NJ, done.append) == set()
    said = capsys.readouterr().err
    assert said.count("trying it again alone") == 1 and "shard 1" in said and "1c" in said
    assert sum(done) >= 12


def test_what_two_workers_died_of_is_set_apart(tmp_path, capsys):
    assert run_local(work(tmp_path, "1b,1d,2a"), NJ, lambda n: None) == set()
    said = capsys.readouterr().err
    assert all(f"worked on {item}" in said for item in ("1b", "1d", "2a"))


def test_a_shard_that_always_dies_fails(tmp_path, capsys):
    assert run_local(work(tmp_path, "1a,1b,1c,1d"), NJ, lambda n: None) == {1}
    assert "status -9" in (tmp_path / "1.log").read_text()


def test_a_worker_that_dies_before_it_begins_is_given_up(tmp_path, capsys):
    command = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    dying = ShardedWork("align", command, [0], [tmp_path / "0.log"], tmp_path)
    assert run_local(dying, NJ, lambda n: None) == {0}
    assert capsys.readouterr().err.count("trying it again alone") == 1


def test_an_ordinary_failure_is_not_repeated(tmp_path, capsys):
    command = [sys.executable, "-c", "import sys; print('broken'); sys.exit(3)"]
    failing = ShardedWork("align", command, [0], [tmp_path / "0.log"], tmp_path)
    assert run_local(failing, NJ, lambda n: None) == {0}
    assert capsys.readouterr().err == "" and "broken" in (tmp_path / "0.log").read_text()


# Goes on with the shards that it is given; fails on those of BROKEN, is killed on those of KILLED.
CHAIN = """
import json, os, signal, sys
broken, killed = sys.argv[1].split(","), sys.argv[2].split(",")
shard = sys.argv[-1].partition("=")[2]
while shard:
    print("pid", os.getpid(), "shard", shard, flush=True)
    print(json.dumps({"echo": "begun", "media_id": "m" + shard}), flush=True)
    if shard in killed and "m" + shard not in os.environ["ECHO_CRASHED"].split():
        os.kill(os.getpid(), signal.SIGKILL)
    if shard in broken:
        sys.exit(3)
    print('{"echo": "done", "items": 1}', flush=True)
    if not os.environ["ECHO_GOES_ON"]:
        break
    print('{"echo": "next"}', flush=True)
    shard = sys.stdin.readline().strip()
"""


def chain(tmp_path, count, broken="", killed=""):
    command = [sys.executable, "-c", CHAIN, broken, killed]
    logs = [tmp_path / f"{k}.log" for k in range(count)]
    return ShardedWork("filter", command, range(count), logs, tmp_path), logs


def test_a_process_goes_on_with_other_shards_and_each_has_its_log(tmp_path):
    work, logs = chain(tmp_path, 7)
    done = []
    assert run_local(work, 2, done.append) == set() and sum(done) == 7
    said = [log.read_text() for log in logs]
    assert all(f"shard {k}\n" in text and text.count("shard") == 1 for k, text in enumerate(said))
    assert len({text.split()[1] for text in said}) <= 2


def test_one_shard_that_fails_takes_none_with_it(tmp_path, capsys):
    work, logs = chain(tmp_path, 6, broken="1,4", killed="2")
    done = []
    assert run_local(work, 2, done.append) == {1, 4} and sum(done) == 4
    assert "status 3" in logs[1].read_text() and "status" not in logs[0].read_text()
    assert capsys.readouterr().err.count("shard 2: its process was killed") >= 1


def test_what_a_library_leaves_unfinished_on_its_line_hides_no_question(tmp_path, monkeypatch):
    """The real end of the conversation, behind a bar without an end of line."""
    code = (
        "import sys; from echoharvester.pipeline.progress import next_shard\n"
        "sys.stderr.write('\\rloading 100%'); sys.stderr.flush()\n"
        "while next_shard() is not None: pass\n"
    )
    logs = [tmp_path / f"{k}.log" for k in range(3)]
    work = ShardedWork("filter", [sys.executable, "-c", code], range(3), logs, tmp_path)
    assert run_local(work, 1, lambda n: None) == set()


def test_a_worker_that_dies_when_it_has_asked_is_tried_again(tmp_path, capsys):
    code = (
        'import os, signal, sys\nprint(\'{"echo": "next"}\', flush=True)\n'
        "if os.environ['ECHO_GOES_ON']: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    logs = [tmp_path / f"{k}.log" for k in range(3)]
    work = ShardedWork("filter", [sys.executable, "-c", code], range(3), logs, tmp_path)
    assert run_local(work, 2, lambda n: None) == set()
