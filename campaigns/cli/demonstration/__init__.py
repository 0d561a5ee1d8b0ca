"""The demonstration clinic, and the main job played from end to end.

Invented people only. No accounts and no sent history: a review that nobody made, or a
message that nobody got, would be a lie.
"""
