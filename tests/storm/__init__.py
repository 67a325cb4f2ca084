"""The checker, in the spirit of Jepsen: writers, readers, faults, and a history that is judged.

`python -m tests.storm --help` runs it as long as you like; tests/storm/test_storm.py runs it short.
"""
