"""The command `chinwag bench`: it measures how fast Chinwag is on this machine.

`client`, `inserter`, `cpu` and `load` put load on any server that pushes rows of PostgreSQL to WebSockets,
and measure it. `subject` and `measures` do so with Chinwag; `report` and `command` show it.
"""
