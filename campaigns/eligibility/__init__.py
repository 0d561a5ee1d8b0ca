"""Pure rules of the gate: zones, states, windows, caps; values in, decision out.

Tables: none; imports no SQLAlchemy and no models.
"""
