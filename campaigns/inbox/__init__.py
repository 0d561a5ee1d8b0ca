"""Conversations by text, read from what events stored.

Tables: none.
"""
