"""People and their addresses, one for each channel.

Tables: contacts, addresses, notes.
"""
