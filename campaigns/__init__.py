"""Campaigns: email and text-message service for a medical clinic.

Packages stand in the order of a message's life; each may import only those
before it in the list of ``docs/map.md``. ``import-linter`` holds the order.
"""
