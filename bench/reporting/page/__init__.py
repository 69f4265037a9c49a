"""The page: its sections, what it says in words, the templates, and how a report replaces an older one."""
