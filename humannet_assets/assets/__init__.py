"""Assets, one module per group: declarations whose bodies read rows, call a domain function and return a result."""
