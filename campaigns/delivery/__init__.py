"""The outbox: fan-out, the gate, dispatch, retry, reconciliation.

Tables: batches, messages, attempts, hour_profiles, contact_hours, rate_buckets, breakers.
"""
