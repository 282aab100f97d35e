"""The last day, a row each half minute: what mains and car drew, what was offered, and why it did not charge."""
