"""What operators see: the health of a server, and metrics of all server processes of a computer."""
