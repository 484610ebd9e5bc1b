"""Lance tables: schemas, provenance, incremental reads, commits; DuckDB views over them."""
