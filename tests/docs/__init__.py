"""What the documents say is true: their commands run, and their picture shows the source."""
