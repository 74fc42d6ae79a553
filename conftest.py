"""Fixtures of every member's tests: the real broker, the real database, the shared data."""

pytest_plugins = ["canheal_cli.testing"]
