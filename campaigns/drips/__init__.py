"""A series of messages over weeks, and who is in it.

Tables: drips, drip_versions, drip_steps, enrolments.
"""
