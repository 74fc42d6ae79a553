"""What every process has: settings, errors, logs, the database, the pool, HTTP answers."""
