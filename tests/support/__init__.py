"""What the tests share: clients, servers, pages and databases. No file in here is a test."""
