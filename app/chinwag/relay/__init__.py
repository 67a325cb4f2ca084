"""The relay: a PostgreSQL that notifies servers of messages, which it gets by logical replication."""
