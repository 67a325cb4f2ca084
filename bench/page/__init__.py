"""`python -m bench.page`: it measures the page in a real Chromium: what it loads, how fast it answers, what
it holds."""

from pathlib import Path

PROBE = Path(__file__).with_name("probe.js")
