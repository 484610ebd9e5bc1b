"""The command line `humannet`: thin commands over the domain packages; only `ingest` and `demo` start Dagster."""
