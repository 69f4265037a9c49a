"""The report on searches: the winners with their settings, and what the best of k trials is."""
