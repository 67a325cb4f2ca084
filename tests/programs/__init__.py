"""Programs: they sign in with keys, send to webhooks, and are written from the documents of the API."""
