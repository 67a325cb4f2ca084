"""uvicorn's protocols, extended: fast pushing over WebSockets, and limits for untrusted clients."""
