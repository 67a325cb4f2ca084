"""Piccolo's migrations. The SQL itself is in sql/."""

from app.settings import ROOT
from app.tables import DB


async def execute(script: str) -> None:
    """Run statements in the transaction of the migration."""
    # Not Table.raw(), which would take the braces in the SQL for placeholders.
    transaction = DB.current_transaction.get()
    assert transaction is not None
    await transaction.connection.execute(script)


async def apply_schema() -> None:
    """Run the files in sql/, in the order of their names. They can be run again: Piccolo notes that it ran a
    migration only after that was committed."""
    for file in sorted((ROOT / "sql").glob("*.sql")):
        await execute(file.read_text(encoding="utf-8"))
