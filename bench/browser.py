"""A real Chromium that does nothing by itself, for the measurements of the page."""

import importlib.util
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser

OPTIONS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
OPTIONS += ["--disable-component-update", "--disable-sync"]


def missing() -> str | None:
    """Tell what has to be installed before a page can be opened; None if nothing."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is missing: pip install playwright"
    if shutil.which("chromium") is None:
        return "Chromium is missing; on Debian: apt install chromium"
    return None


def version() -> str:
    command = [shutil.which("chromium") or "chromium", "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return " ".join(said.split()[:2])


@asynccontextmanager
async def launched() -> AsyncIterator["Browser"]:
    """Launch a browser, which is closed at the end of the block."""
    from playwright.async_api import async_playwright  # only here: it need not be installed for the rest

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), chromium_sandbox=False, args=OPTIONS
        )
        yield browser
        await browser.close()
