"""Whether what is installed can be had for every Python that pyproject.toml promises.

python scripts/check_python_versions.py [3.11 3.12 ...]

Asks pip to resolve the dependencies, the extras of the tests too, at the versions of constraints.txt, and
installs nothing.  Exit status 1 if one of the versions cannot be had.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.11", "3.12", "3.13")
# They need a parser's runtime that comes as source alone, of pure Python, which pip resolves for no other
# version than its own.
_OF_SOURCE = ("hydra", "omegaconf")


def main() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    wanted = [name for name in wanted if not name.startswith(_OF_SOURCE)]
    failed = []
    for version in sys.argv[1:] or VERSIONS:
        problem = resolve(wanted, version)
        print(f"Python {version}: {problem or 'all versions can be had'}", flush=True)
        failed += [version] if problem else []
    return 1 if failed else 0


def resolve(wanted: list[str], version: str) -> str:
    """What pip says against installing this for a version of Python; "" if nothing."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--dry-run",
            "--quiet",
            "--ignore-installed",
        ]
        command += ["--target", folder, "--python-version", version, "--only-binary=:all:"]
        command += ["-c", str(ROOT / "constraints.txt"), *wanted]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return "" if done.returncode == 0 else " ".join(errors[-2:]) or done.stderr[-300:]


if __name__ == "__main__":
    sys.exit(main())
