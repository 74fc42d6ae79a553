"""The commands of `canheal` that belong to no service; one file a command."""
