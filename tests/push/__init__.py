"""What reaches the browsers over WebSockets: every message, once and in order."""
