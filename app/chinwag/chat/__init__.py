"""The domain: threads and messages are written, read, searched, exported, removed and audited."""
