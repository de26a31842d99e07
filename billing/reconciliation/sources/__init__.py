"""Parsers of statements: each reads one format of the outside into the same lines, streaming, all or nothing."""
