"""The domain: threads and messages are written, read, searched, exported, removed and audited.

There is one way to the database: each part is a class that is given the pool when it is made, and its methods
take what the domain knows. Only the audit opens a connection of its own, because it is a command.
"""
