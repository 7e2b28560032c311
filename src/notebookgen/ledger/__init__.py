"""What was asked for and what it cost: SQLite on disk, written before money is spent, read as Polars frames."""
