"""Reading a YAML file: plain values with their places, and what is wrong with their form."""
