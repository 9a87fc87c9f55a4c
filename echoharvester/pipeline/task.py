"""One shard as a task of a Slurm array: what a worker's crash means is the same as for processes here.

Called by the script of the array:  python -m echoharvester.pipeline.task STAGE LOG_FOLDER COMMAND...
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from echoharvester.pipeline.processes import ShardedWork, run_local
from echoharvester.pipeline.progress import DONE, RETRIED, tell


def main() -> int:
    name, log_dir, *command = sys.argv[1:]
    shard = int(os.environ["SLURM_ARRAY_TASK_ID"])
    log = Path(log_dir) / f"{name}.{shard}.log"  # where Slurm writes what this process says, too
    work = ShardedWork(name, command, [shard], [log], Path(log_dir))
    failed = run_local(
        work, 1, lambda n: tell(DONE, items=n), lambda text: tell(RETRIED, message=text)
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
