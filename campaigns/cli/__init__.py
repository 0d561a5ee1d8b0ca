"""The ``campaigns`` command. One module for each group of commands.

Exit codes: 0 done, 1 failed (the reason on standard error), 2 called wrongly.
Tables: none.
"""
