"""The command canheal: the whole platform on one screen."""
