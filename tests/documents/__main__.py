"""``python -m tests.documents``: writes the parts of the documents that are made from the code."""

from tests.documents.made import write

write()
