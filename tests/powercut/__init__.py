"""Power cuts at any point of every write: what the real readers find afterwards is the last good state.

``make powercuts`` makes ten thousand of each kind. A disk is modelled below the real code (``disk.py``): what is asked
of it is recorded (``folder.py`` below evsed/files.py, ``vfs.py`` below SQLite), and cut off somewhere.
"""
