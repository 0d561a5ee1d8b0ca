"""What comes back: provider events, clicks, texts from people; stored, then applied once.

Tables: provider_events, clicks, inbound_texts.
"""
