"""What every package stands on: settings, clock, database, errors, keys, tokens, logs.

Owns no tables. Imports nothing else of the project.
"""
