"""Backup and restore of the databases and the key ring."""
