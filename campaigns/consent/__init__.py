"""What people agreed to, in which words, and who is not to be contacted.

Tables: disclosures, wordings, consent_entries (both append-only), consent_evidence,
consent_states, optin_requests, suppressions.
"""
