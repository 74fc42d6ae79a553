"""Loaders: one file a source, from the publisher's own format to the bundle's frames."""
