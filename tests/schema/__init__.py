"""The database by itself: plain SQL writes messages, and the schema keeps its promises about them."""
