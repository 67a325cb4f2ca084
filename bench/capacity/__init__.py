"""What a cluster carries: unit costs that are measured, a model made of them, and points that check it."""
