"""Interests and groups (segments): rule trees compiled to SQL.

Tables: interests, contact_interests, segments.
"""
