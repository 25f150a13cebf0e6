"""Chromium, as Playwright drives it; tests that import this are skipped where it, or the built page, is missing."""

import os
import shutil

import pytest

from web.digits_document import PAGE

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
if not shutil.which(CHROMIUM):
    pytest.skip(f"no Chromium at {CHROMIUM}; name one in the variable CHROMIUM", allow_module_level=True)
if not (PAGE / "app.js").exists():
    pytest.skip("the page is not built; make page builds it", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install playwright)")
