"""What a person may ask of the clinic about her own data: to be erased.

Tables: none of its own.
"""
