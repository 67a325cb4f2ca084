"""What a stranger on the network can try: with framing, with time, and with many connections."""
