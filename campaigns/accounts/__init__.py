"""Staff users, roles, sessions, the audit trail.

Tables: staff_users, one_time_links, staff_sessions, throttles, audit_entries.
"""
