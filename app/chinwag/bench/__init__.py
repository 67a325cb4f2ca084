"""The command `chinwag bench`: it measures how fast Chinwag is on this machine.

`client`, `numbered`, `inserter`, `cpu` and `load` put load on any server that pushes rows of PostgreSQL to
WebSockets, and measure it. They share nothing with the server. `chinwag` knows Chinwag's frames, `subject`
(in a `place`, on a `slow_disk`, or `relayed`), `measures` and `writers` measure Chinwag; `report` and
`command` show it.
"""
