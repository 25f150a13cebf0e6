"""Chromium, as Playwright drives it; tests that import this are skipped where it, or the built page, is missing."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from web.digits_document import PAGE

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
if not shutil.which(CHROMIUM):
    pytest.skip(f"no Chromium at {CHROMIUM}; name one in the variable CHROMIUM", allow_module_level=True)
if not (PAGE / "app.js").exists():
    pytest.skip("the page is not built; make page builds it", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install playwright)")


@contextmanager
def untroubled(browser: Any, file: str, width: int, height: int) -> Iterator[Any]:
    """Offline windows for this file; fails in the end on any request elsewhere, any error and any refused resource."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, offline=True, accept_downloads=True, reduced_motion="reduce"
    )
    troubles: list[str] = []
    ours = ("data:", "blob:", file)
    context.on("request", lambda sent: None if sent.url.startswith(ours) else troubles.append(sent.url))
    context.on("console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None)
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    yield context
    context.close()
    assert troubles == []
