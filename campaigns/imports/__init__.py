"""Files of people coming in, and going out.

``decoding`` and ``reading`` turn bytes into records, ``columns`` says which column means
what, ``cells`` and ``lines`` read values (all pure); ``matching`` finds the people,
``writing`` stores one chunk, ``runner`` drives it, ``forecast`` does the same without
writing; ``remarks`` gives back what needs mending, ``undo`` takes an import back.

Tables: imports, import_files, import_rows.
"""
