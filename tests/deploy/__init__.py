"""The files in deploy/, and several servers behind a load balancer."""
