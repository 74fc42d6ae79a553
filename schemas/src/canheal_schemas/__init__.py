"""What is said on the stream: events, consent, identifiers."""
