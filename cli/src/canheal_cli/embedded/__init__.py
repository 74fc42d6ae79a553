"""The real broker and database without Docker, Java or a server on the machine: for demo and tests."""
