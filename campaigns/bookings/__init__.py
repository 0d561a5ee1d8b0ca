"""Appointments that people made.

Tables: bookings.
"""
