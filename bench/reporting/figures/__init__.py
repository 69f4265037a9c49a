"""Figures: panels, how methods look in them, and one module for each kind of figure."""
