"""What axe finds (WCAG 2.2, and what is known to be good practice)."""

import json
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.async_api import Page

EVERYTHING: dict[str, Any] = {"resultTypes": ["violations"]}
LOOKS: dict[str, Any] = EVERYTHING | {
    "runOnly": ["color-contrast", "link-in-text-block", "scrollable-region-focusable"]
}
"""The rules about colours and sizes: for a page of which only the looks have changed since axe has seen
it."""


async def no_finding(page: Page, rules: dict[str, Any] = EVERYTHING) -> None:
    # Axe is given to a document once: it is half a megabyte.
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    # The rest of what axe tells is long, and would go through three processes.
    told = "({ violations }) => ({ violations })"
    found = AxeResults(await page.evaluate(f"axe.run({json.dumps(rules)}).then({told})"))
    assert found.violations_count == 0, found.generate_report()
