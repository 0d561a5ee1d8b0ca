"""Lessons in immutable versions: blocks, merge tags, links, text encoding, lint, review.

Tables: lessons, lesson_versions, reviews, review_requests, links, images.
"""
