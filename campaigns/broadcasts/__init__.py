"""One message to a group, once.

Tables: broadcasts.
"""
