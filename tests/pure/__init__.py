"""The modules of the page that need no document, in Node."""
