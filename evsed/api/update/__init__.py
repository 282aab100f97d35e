"""Updates over the web: a package is received, verified, and handed to root's installer (``evsed.update``)."""
