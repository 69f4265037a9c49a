"""Tables: what they are made of, how they are built and arranged, and how they are written to files."""
