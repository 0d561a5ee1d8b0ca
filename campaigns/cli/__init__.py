"""The campaigns command. One module for each group.

Tables: none.
"""
