"""Dagster resources: configuration turned into plain domain objects."""
