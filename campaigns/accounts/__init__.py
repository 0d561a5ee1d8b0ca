"""Staff users, roles, sessions, the audit trail.

Tables: staff_users, setup_links, staff_sessions, audit_entries.
"""
