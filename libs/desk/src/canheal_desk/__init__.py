"""What people ask of a service: its dead letters and its audit log."""
