"""The clinic: brand, senders, hours, closures, caps, the stop of everything, transports.

Tables: clinic, closures, transports.
"""
