"""How an event is handled: stream, ledger, consent, blobs, store."""
