"""How data is kept secret and provable."""
