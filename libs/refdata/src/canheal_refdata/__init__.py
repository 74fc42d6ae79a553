"""What the world knows: the reference bundle and its sources."""
