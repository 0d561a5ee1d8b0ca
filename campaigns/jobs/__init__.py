"""Tasks by id, what runs when, and the engines that wake them.

Tables: leases, task_runs.
"""
