"""A server that reads from standbys says what the primary would have said, whatever state they are in."""
