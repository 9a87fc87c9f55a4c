"""Paths for tests that are not fixtures."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONF = str(ROOT / "conf")
