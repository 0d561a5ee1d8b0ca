"""Files of people coming in.

Tables: imports, import_rows.
"""
