"""One shard as a task of a Slurm array: what a worker's death means is the same as for processes here.

Called by the script of the array:  task.py STAGE LOG_FOLDER COMMAND...
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

from launchers import PROGRESS, Work, run_local


def main() -> int:
    name, log_dir, *command = sys.argv[1:]
    shard = int(os.environ["SLURM_ARRAY_TASK_ID"])
    log = Path(log_dir) / f"{name}.{shard}.log"  # where Slurm writes what this process says, too
    work = Work(name, command, [shard], [log], Path(log_dir))
    failed = run_local(work, SimpleNamespace(nj=1), lambda n: print(f"{PROGRESS}{n}", flush=True))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
