"""Ways out: local, SendGrid, Twilio, SMTP; the only package that imports vendor SDKs.

Tables: local_deliveries.
"""
