"""What the documents tell their readers to do."""
