"""The Chromium of the tests."""

import os
import shutil
from pathlib import Path

from playwright.async_api import Browser, Playwright

from tests.support.process import find_program

# These belong to the window around a page, which no test looks at. Without them an empty page costs about
# half as much.
OF_THE_WINDOW = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess"]
# What Playwright turns off. It names these in an option of its own, and Chromium heeds only the last one.
OF_PLAYWRIGHT = [
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
]
OPTIONS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(OF_THE_WINDOW + OF_PLAYWRIGHT)}",
]


async def launch(playwright: Playwright) -> Browser:
    """Chromium without a window. Without Chromium the test is skipped."""
    return await playwright.chromium.launch(
        executable_path=program(), chromium_sandbox=False, args=OPTIONS
    )


def path_to_chromium(directory: Path) -> str:
    """Return the PATH of a command that starts `chromium`, so that it starts the Chromium of the tests. The
    link to it is made in this directory."""
    (directory / "chromium").symlink_to(program())
    return f"{directory}:{os.environ['PATH']}"


def program() -> str:
    """The path of Chromium; where it is installed, of the one that has no windows at all, in which a page
    costs less."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    return shutil.which("chromium-headless-shell", path=path) or find_program("chromium", "chromium")
