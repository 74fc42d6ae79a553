"""The door for hospitals: checks, encrypts and stores a VCF, then announces it."""
