"""Bad input gets the documented error, is not stored, leaves no traceback, and harms nothing else."""
