"""The contestant that is measured: Chinwag."""

from bench.contestants import CONTESTANTS

CHINWAG = next(one for one in CONTESTANTS if one.name == "chinwag")
