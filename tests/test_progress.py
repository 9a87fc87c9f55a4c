"""Without a terminal a bar writes lines, not what overwrites itself."""

import os
import pty
import subprocess
import sys

CODE = "from echoharvester.progress import bar\nfor _ in bar(range(2000), desc='counting'): pass"


def test_a_log_has_lines():
    done = subprocess.run([sys.executable, "-c", CODE], stderr=subprocess.PIPE, text=True)
    lines = done.stderr.splitlines()
    assert "\r" not in done.stderr and len(lines) == 2
    assert lines[0].startswith("counting:   0%") and lines[1].startswith("counting: 100%")


def test_a_terminal_has_a_bar():
    here, there = pty.openpty()
    subprocess.run([sys.executable, "-c", CODE], stderr=there, check=True)
    os.close(there)
    assert b"\r" in os.read(here, 65536)
