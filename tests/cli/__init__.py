"""The commands and their processes: settings, log, start and end."""
