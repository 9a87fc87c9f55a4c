"""A real Chromium for the pages that people look at."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium (apt install chromium)"),
]


_running: list[Any] = []  # Playwright and its browser, started once: a second each otherwise


def _browser() -> Any:
    from playwright.sync_api import sync_playwright

    if not _running or not _running[1].is_connected():
        for one in _running[:1]:
            one.stop()
        flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        play = sync_playwright().start()
        _running[:] = [play, play.chromium.launch(executable_path=CHROMIUM, args=flags)]
    return _running[1]


@atexit.register
def _stop() -> None:
    if _running:
        _running[1].close()
        _running[0].stop()


@contextmanager
def opened(path: Path, width: int = 1280, height: int = 800) -> Iterator[tuple[object, list[str]]]:
    """The page, in a browser that knows of no other test, and what it complained of."""
    context = _browser().new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        page.goto(path.as_uri())
        yield page, complaints
    finally:
        context.close()


AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def violations(page: object) -> list[str]:
    """What axe finds wrong with a page as it is, each with the elements."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": list(AXE_TAGS)}).response["violations"]
    return [f"{v['id']}: {[node['html'][:120] for node in v['nodes']]}" for v in found]
