"""HumanNet and Single-Life as a Dagster asset graph over one Lance/DuckDB store."""
