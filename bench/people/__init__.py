"""`python -m bench.people`: what a team costs one server: to join, to be there, and each message."""
