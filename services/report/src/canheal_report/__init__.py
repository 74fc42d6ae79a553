"""Joins the parts of a sample into versioned reports and serves them."""
