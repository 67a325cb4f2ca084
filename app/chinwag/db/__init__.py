"""PostgreSQL: connections, the schema and its migrations, and what errors mean."""
