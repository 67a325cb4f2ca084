"""What is done with messages and threads: writing, searching, exporting and deleting them."""
