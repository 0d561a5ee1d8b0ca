"""Interests and groups (segments): rule trees compiled to SQL.

``fields`` and ``rules`` are pure: what a rule may say, and how it reads as a sentence.
``compiler`` turns a rule into one SELECT of contact ids; ``segments`` counts, samples and
explains. Later stages add their own fields with ``fields.register`` in wiring.

Tables: interests, contact_interests, segments.
"""
