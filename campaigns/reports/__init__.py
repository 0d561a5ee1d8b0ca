"""Figures, each counted from rows.

Tables: none.
"""
