"""What all web surfaces share: services of the request, headers, health.

Tables: none.
"""
