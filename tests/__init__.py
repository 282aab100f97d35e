"""Tests; the folders mirror evsed/, scenarios/ runs whole daemons."""
