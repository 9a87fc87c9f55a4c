"""Korean media with captions to verified speech data sets and CTC models."""

import os
import sys

if "ECHO_ROOT" in os.environ:  # of a recipe that runs (path.sh): Ctrl-C is no fault

    def _end_quietly(kind: type[BaseException], error: BaseException, trace: object) -> None:
        """The driver says that a stage was stopped, and how to go on; nobody wants the traceback."""
        if issubclass(kind, KeyboardInterrupt):
            if sys.argv[0].endswith("run.py"):  # the driver itself, before it could listen
                print("run.sh: interrupted; run the same command to go on", file=sys.stderr)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(130)
        sys.__excepthook__(kind, error, trace)  # type: ignore[arg-type]

    sys.excepthook = _end_quietly
